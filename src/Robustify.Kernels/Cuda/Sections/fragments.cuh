// From tiles in shared memory to the registers of mma_m16n8k16: the lane-to-row maps of ldmatrix in one place. A tile is a row-major bf16
// matrix whose row stride is a multiple of 8 elements; a stride of 8 more than a power of two spreads the 8 rows over all banks.

/// The 16x16 block of a at (row, depth), stored [row][depth].
DEVICE void loadA(u32 (&a)[4], const bf16* tile, int stride, int row, int depth)
{
    int lane = laneIndex();
    ldmatrix_x4(a, tile + (row + (lane & 15)) * stride + depth + (lane >> 4) * 8);
}

/// The 16x16 block of a at (row, depth), stored transposed, [depth][row].
DEVICE void loadATransposed(u32 (&a)[4], const bf16* tile, int stride, int row, int depth)
{
    int lane = laneIndex();
    ldmatrix_x4_transposed(a, tile + (depth + (lane >> 4) * 8 + (lane & 7)) * stride + row + (lane >> 3 & 1) * 8);
}

/// Two 16x8 blocks of b side by side, at (depth, column) and (depth, column + 8), stored transposed, [column][depth]: b[0..1], b[2..3].
DEVICE void loadBTransposed(u32 (&b)[4], const bf16* tile, int stride, int depth, int column)
{
    int lane = laneIndex();
    ldmatrix_x4(b, tile + (column + (lane >> 4) * 8 + (lane & 7)) * stride + depth + (lane >> 3 & 1) * 8);
}

/// Two 16x8 blocks of b side by side, at (depth, column) and (depth, column + 8), stored [depth][column]: b[0..1], b[2..3].
DEVICE void loadB(u32 (&b)[4], const bf16* tile, int stride, int depth, int column)
{
    int lane = laneIndex();
    ldmatrix_x4_transposed(b, tile + (depth + (lane & 15)) * stride + column + (lane >> 4) * 8);
}

/// Two neighbouring 16x8 accumulators as the 16x16 a operand of the next product, rounded to bf16.
DEVICE void accumulatorsToA(u32 (&a)[4], const float (&left)[4], const float (&right)[4])
{
    a[0] = pack_bf16x2(left[0], left[1]);
    a[1] = pack_bf16x2(left[2], left[3]);
    a[2] = pack_bf16x2(right[0], right[1]);
    a[3] = pack_bf16x2(right[2], right[3]);
}

template<int M, int N> DEVICE void clear(float (&values)[M][N])
{
#pragma unroll
    for (int i = 0; i < M; i++)
#pragma unroll
        for (int j = 0; j < N; j++)
            values[i][j] = 0.0f;
}
