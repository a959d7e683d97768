// Attention forward on tensor cores (FlashAttention-2, Dao, arXiv 2307.08691): the scores of 64 queries against 64 keys stay in registers,
// the softmax runs along with its maximum and sum, and only the result and its logarithmic normaliser leave the block.

template<int DIM> DEVICE void attentionForward(const bf16* qkv, bf16* y, float* logSumExp, int tokens, int heads, int headDim, float scale, int causal)
{
    constexpr int stride = AttentionTile<DIM>::stride, tile = AttentionRows * stride, groups = AttentionRows / 16;
    extern __shared__ __align__(128) u8 tileMemory[];
    bf16* queryTile = (bf16*)tileMemory;
    bf16* keyTiles = queryTile + tile;
    bf16* valueTiles = keyTiles + 2 * tile;

    AttentionPlace at(tokens, heads);
    int width = heads * headDim, lane = laneIndex(), group = lane >> 2, warpRow = warpIndex() * 16;
    i64 step = 3 * (i64)width;
    const bf16* queries = qkv + at.offset(tokens, step, headDim);
    const bf16* keys = queries + width;
    const bf16* values = keys + width;
    // A warp without a row that exists still helps to copy.
    bool active = at.first + warpRow < tokens;

    startTile<DIM, AttentionRows>(queryTile, queries, at.first, tokens, step, headDim);
    startTile<DIM, AttentionRows>(keyTiles, keys, 0, tokens, step, headDim);
    startTile<DIM, AttentionRows>(valueTiles, values, 0, tokens, step, headDim);
    cp_async_commit();

    float sums[DIM / 8][4];
    clear(sums);
    float maximum[2] = {-INFINITY, -INFINITY}, total[2] = {0.0f, 0.0f};
    u32 query[DIM / 16][4];
    const float slope = scale * Log2E;
    // The last query of a block sees no key beyond the block's own tile.
    int tiles = causal ? at.first / AttentionRows + 1 : ceilDivide(tokens, AttentionRows);
    for (int t = 0; t < tiles; t++)
    {
        int stage = t & 1, firstKey = t * AttentionRows;
        // After the barrier everyone's copies of this tile have landed, and nobody reads the other stage, which is refilled meanwhile.
        cp_async_wait<0>();
        __syncthreads();
        if (t + 1 < tiles)
        {
            startTile<DIM, AttentionRows>(keyTiles + (stage ^ 1) * tile, keys, firstKey + AttentionRows, tokens, step, headDim);
            startTile<DIM, AttentionRows>(valueTiles + (stage ^ 1) * tile, values, firstKey + AttentionRows, tokens, step, headDim);
            cp_async_commit();
        }
        if (active)
        {
            const bf16* keyTile = keyTiles + stage * tile;
            const bf16* valueTile = valueTiles + stage * tile;
            if (t == 0)
            {
#pragma unroll
                for (int d = 0; d < DIM / 16; d++)
                    loadA(query[d], queryTile, stride, warpRow, d * 16);
            }

            // Only the last tile has groups of 16 keys that do not exist at all; they are left out.
            int present = smaller(groups, ceilDivide(tokens - firstKey, 16));
            float scores[AttentionRows / 8][4];
            clear(scores);
#pragma unroll
            for (int n = 0; n < groups; n++)
            {
                if (n < present)
                {
#pragma unroll
                    for (int d = 0; d < DIM / 16; d++)
                    {
                        u32 b[4];
                        loadBTransposed(b, keyTile, stride, d * 16, n * 16);
                        mma_m16n8k16_bf16(scores[2 * n], query[d], b[0], b[1]);
                        mma_m16n8k16_bf16(scores[2 * n + 1], query[d], b[2], b[3]);
                    }
                }
            }

            if (firstKey + AttentionRows > tokens || (causal && t + 1 == tiles))
            {
#pragma unroll
                for (int n = 0; n < AttentionRows / 8; n++)
#pragma unroll
                    for (int j = 0; j < 4; j++)
                    {
                        int key = firstKey + n * 8 + (lane & 3) * 2 + (j & 1);
                        if (key >= tokens || (causal && key > at.first + warpRow + group + 8 * (j >> 1)))
                            scores[n][j] = -INFINITY;
                    }
            }

#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                float peak = maximum[half];
#pragma unroll
                for (int n = 0; n < AttentionRows / 8; n++)
                    peak = fmaxf(peak, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
                peak = fmaxf(peak, __shfl_xor_sync(FullWarp, peak, 1));
                peak = fmaxf(peak, __shfl_xor_sync(FullWarp, peak, 2));
                float fade = exp2_approximate((maximum[half] - peak) * slope);
                maximum[half] = peak;
                float sum = total[half] * fade;
#pragma unroll
                for (int n = 0; n < AttentionRows / 8; n++)
#pragma unroll
                    for (int j = 2 * half; j < 2 * half + 2; j++)
                    {
                        scores[n][j] = exp2_approximate((scores[n][j] - peak) * slope);
                        sum += scores[n][j];
                    }
                total[half] = sum;
#pragma unroll
                for (int d = 0; d < DIM / 8; d++)
                {
                    sums[d][2 * half] *= fade;
                    sums[d][2 * half + 1] *= fade;
                }
            }

#pragma unroll
            for (int n = 0; n < groups; n++)
            {
                if (n < present)
                {
                    u32 probabilities[4];
                    accumulatorsToA(probabilities, scores[2 * n], scores[2 * n + 1]);
#pragma unroll
                    for (int d = 0; d < DIM / 16; d++)
                    {
                        u32 b[4];
                        loadB(b, valueTile, stride, n * 16, d * 16);
                        mma_m16n8k16_bf16(sums[2 * d], probabilities, b[0], b[1]);
                        mma_m16n8k16_bf16(sums[2 * d + 1], probabilities, b[2], b[3]);
                    }
                }
            }
        }
    }

    if (!active)
        return;
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        total[half] += __shfl_xor_sync(FullWarp, total[half], 1);
        total[half] += __shfl_xor_sync(FullWarp, total[half], 2);
        int row = at.first + warpRow + group + 8 * half;
        if ((lane & 3) == 0 && row < tokens)
            logSumExp[(i64)at.place * tokens + row] = maximum[half] * scale + logf(total[half]);
    }
    storeWarpRows<DIM>(
        y + at.offset(tokens, width, headDim), queryTile + warpRow * stride, sums, 1.0f / total[0], 1.0f / total[1], at.first + warpRow,
        tokens, width, headDim);
}

// maths        y = softmax(q kᵀ scale) v, logSumExp = log sum exp(q kᵀ scale), over keys up to the query's own place where causal; the
//              probabilities are rounded to bf16 for the second product
// layout       qkv [samples, tokens, 3 x heads x headDim], y [samples, tokens, heads x headDim], logSumExp [samples, heads, tokens]; headDim a
//              multiple of 8 up to DIM, qkv and y at multiples of 16 bytes
// launch       AttentionGeometry.Forward: grid samples x heads x ceil(tokens / 64), block 128, shared 5 x 64 x (DIM + 8) x 2 bytes
// determinism  one warp a row, keys in order
// CPU twin     CpuBackend.Attention
#define ATTENTION_FORWARD(DIM)                                                                                                             \
    extern "C" __global__ void __launch_bounds__(AttentionThreads) attention_forward_d##DIM##_bf16(                                        \
        const bf16* qkv, bf16* y, float* logSumExp, int tokens, int heads, int headDim, float scale, int causal)                           \
    {                                                                                                                                      \
        attentionForward<DIM>(qkv, y, logSumExp, tokens, heads, headDim, scale, causal);                                                   \
    }
ATTENTION_FORWARD(32)
ATTENTION_FORWARD(64)
ATTENTION_FORWARD(80)
ATTENTION_FORWARD(96)
ATTENTION_FORWARD(128)
#undef ATTENTION_FORWARD
