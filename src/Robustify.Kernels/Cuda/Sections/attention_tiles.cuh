// What the tensor-core attention kernels share. Queries, keys and values lie side by side in one row a token: qkv [samples, tokens,
// 3 x heads x headDim]. A block is 4 warps on one (sample, head); a warp owns 16 of the block's 64 rows. headDim is a multiple of 8 up to
// DIM, the compiled width; columns beyond it are zero in shared memory and never written.

constexpr int AttentionRows = 64;
constexpr int AttentionThreads = 128;
constexpr float Log2E = 1.4426950408889634f;

/// Row stride of a tile: 16-byte rows for cp.async, spread over the banks for ldmatrix.
template<int DIM> struct AttentionTile
{
    static constexpr int stride = DIM + 8;
};

/// Where one block works: number `place` of samples x heads, and its first row.
struct AttentionPlace
{
    int place, sample, head, first;

    DEVICE AttentionPlace(int tokens, int heads)
    {
        int tiles = ceilDivide(tokens, AttentionRows);
        place = (int)(blockIdx.x / tiles);
        first = (int)(blockIdx.x % tiles) * AttentionRows;
        sample = place / heads;
        head = place % heads;
    }

    /// First element of this head's rows in a matrix of `stride` elements a token.
    DEVICE i64 offset(int tokens, i64 stride, int headDim) const { return (i64)sample * tokens * stride + head * headDim; }
};

/// Starts the copy of rows [first, first + ROWS) of a matrix of `tokens` rows, `step` elements apart, into a tile; zero beyond the last
/// row and beyond headDim.
template<int DIM, int ROWS> DEVICE void startTile(bf16* tile, const bf16* source, int first, int tokens, i64 step, int headDim)
{
    constexpr int chunks = DIM / 8;
    for (int i = (int)threadIdx.x; i < ROWS * chunks; i += AttentionThreads)
    {
        int row = i / chunks, column = i % chunks * 8;
        bool present = first + row < tokens && column < headDim;
        cp_async16(tile + row * AttentionTile<DIM>::stride + column, present ? source + (first + row) * step + column : source, present);
    }
}

/// Writes a warp's 16 rows x DIM accumulators, times two row factors, as bf16 rows of `step` elements: through the warp's own 16 rows of
/// shared memory, which no other warp reads, so that global memory sees 16-byte stores.
template<int DIM> DEVICE void storeWarpRows(
    bf16* destination, bf16* tile, const float (&values)[DIM / 8][4], float upper, float lower, int first, int tokens, i64 step, int headDim)
{
    constexpr int stride = AttentionTile<DIM>::stride, chunks = DIM / 8;
    int lane = laneIndex(), group = lane >> 2, pair = (lane & 3) * 2;
    // Other lanes of the warp have read these rows.
    __syncwarp();
#pragma unroll
    for (int d = 0; d < chunks; d++)
    {
        *(u32*)(tile + group * stride + d * 8 + pair) = pack_bf16x2(values[d][0] * upper, values[d][1] * upper);
        *(u32*)(tile + (group + 8) * stride + d * 8 + pair) = pack_bf16x2(values[d][2] * lower, values[d][3] * lower);
    }
    __syncwarp();
    for (int i = lane; i < 16 * chunks; i += WarpLanes)
    {
        int row = i / chunks, column = i % chunks * 8;
        if (first + row < tokens && column < headDim)
            *(Packed<bf16, 8>*)(destination + (first + row) * step + column) = *(const Packed<bf16, 8>*)(tile + row * stride + column);
    }
}
