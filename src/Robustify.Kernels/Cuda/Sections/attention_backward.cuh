// Attention backward on tensor cores, without atomics: one kernel owns queries and runs over the keys (dq), one owns keys and runs over the
// queries (dk, dv). Both compute the scores again. The two are one function: "rows" are what the block owns, "columns" what it runs over.
//   s = rows1 columns1ᵀ, g = rows2 columns2ᵀ, p = exp(s scale - logSumExp), ds = p (g - delta) scale, first = ds columns1, second = p columns2
//   dq:      rows q, dy; columns k, v:  dq = first
//   dk, dv:  rows k, v; columns q, dy:  dk = first, dv = second (s, g, p and ds are the transposes)

/// Rows of a tile the block runs over: fewer where the accumulators of a wide head take the registers.
template<int DIM> struct AttentionColumns
{
    static constexpr int count = DIM > 64 ? 32 : 64;
};

/// The normaliser and delta of COUNT queries from `first` on into shared memory; a query that does not exist gets probability 0.
template<int COUNT> DEVICE void loadStatistics(float* statistics, const float* logSumExp, const float* delta, int first, int tokens)
{
    for (int i = (int)threadIdx.x; i < COUNT; i += AttentionThreads)
    {
        bool present = first + i < tokens;
        statistics[i] = present ? logSumExp[first + i] * Log2E : INFINITY;
        statistics[COUNT + i] = present ? delta[first + i] : 0.0f;
    }
}

template<int DIM, bool KEYS>
DEVICE void attentionGradient(
    const bf16* dy, const bf16* qkv, const float* logSumExp, const float* delta, bf16* dqkv, int tokens, int heads, int headDim, float scale,
    int causal)
{
    constexpr int stride = AttentionTile<DIM>::stride, rowTile = AttentionRows * stride;
    constexpr int columns = AttentionColumns<DIM>::count, columnTile = columns * stride;
    extern __shared__ __align__(128) u8 tileMemory[];
    bf16* rows1 = (bf16*)tileMemory;
    bf16* rows2 = rows1 + rowTile;
    bf16* columns1 = rows2 + rowTile;
    bf16* columns2 = columns1 + 2 * columnTile;
    float* statistics = (float*)(columns2 + 2 * columnTile);

    AttentionPlace at(tokens, heads);
    int width = heads * headDim, lane = laneIndex(), group = lane >> 2, pair = (lane & 3) * 2, warpRow = warpIndex() * 16;
    i64 step = 3 * (i64)width;
    const bf16* queries = qkv + at.offset(tokens, step, headDim);
    const bf16* outputs = dy + at.offset(tokens, width, headDim);
    const float* normalisers = logSumExp + (i64)at.place * tokens;
    const float* deltas = delta + (i64)at.place * tokens;
    const bf16* sourceRows1 = KEYS ? queries + width : queries;
    const bf16* sourceRows2 = KEYS ? queries + 2 * width : outputs;
    const bf16* sourceColumns1 = KEYS ? queries : queries + width;
    const bf16* sourceColumns2 = KEYS ? outputs : queries + 2 * width;
    i64 stepRows2 = KEYS ? step : width, stepColumns2 = KEYS ? width : step;
    bool active = at.first + warpRow < tokens;

    startTile<DIM, AttentionRows>(rows1, sourceRows1, at.first, tokens, step, headDim);
    startTile<DIM, AttentionRows>(rows2, sourceRows2, at.first, tokens, stepRows2, headDim);
    // Where causal, keys meet the queries from their own tile on, and queries the keys up to theirs.
    int begin = KEYS && causal ? at.first / columns : 0;
    startTile<DIM, columns>(columns1, sourceColumns1, begin * columns, tokens, step, headDim);
    startTile<DIM, columns>(columns2, sourceColumns2, begin * columns, tokens, stepColumns2, headDim);
    cp_async_commit();
    if (KEYS)
        loadStatistics<columns>(statistics, normalisers, deltas, begin * columns, tokens);

    // Where the rows are queries, a lane needs the statistics of its two rows alone.
    float rowNormaliser[2] = {INFINITY, INFINITY}, rowDelta[2] = {0.0f, 0.0f};
    if (!KEYS)
    {
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            int row = at.first + warpRow + group + 8 * half;
            if (row < tokens)
            {
                rowNormaliser[half] = normalisers[row] * Log2E;
                rowDelta[half] = deltas[row];
            }
        }
    }

    float first[DIM / 8][4], second[KEYS ? DIM / 8 : 1][4];
    clear(first);
    clear(second);
    const float slope = scale * Log2E;
    int tiles = ceilDivide(!KEYS && causal ? smaller(tokens, at.first + AttentionRows) : tokens, columns);
    for (int t = begin; t < tiles; t++)
    {
        int stage = (t - begin) & 1, firstColumn = t * columns;
        // After the barrier everyone's copies of this tile have landed, and nobody reads the other stage, which is refilled meanwhile.
        cp_async_wait<0>();
        __syncthreads();
        if (t + 1 < tiles)
        {
            startTile<DIM, columns>(columns1 + (stage ^ 1) * columnTile, sourceColumns1, firstColumn + columns, tokens, step, headDim);
            startTile<DIM, columns>(columns2 + (stage ^ 1) * columnTile, sourceColumns2, firstColumn + columns, tokens, stepColumns2, headDim);
            cp_async_commit();
            if (KEYS)
                loadStatistics<columns>(statistics + (stage ^ 1) * 2 * columns, normalisers, deltas, firstColumn + columns, tokens);
        }
        if (active)
        {
            const bf16* tile1 = columns1 + stage * columnTile;
            const bf16* tile2 = columns2 + stage * columnTile;
            const float* columnStatistics = statistics + stage * 2 * columns;
            int present = smaller(columns / 16, ceilDivide(tokens - firstColumn, 16));
            float scores[columns / 8][4], gradients[columns / 8][4];
            clear(scores);
            clear(gradients);
#pragma unroll
            for (int d = 0; d < DIM / 16; d++)
            {
                u32 a1[4], a2[4];
                loadA(a1, rows1, stride, warpRow, d * 16);
                loadA(a2, rows2, stride, warpRow, d * 16);
#pragma unroll
                for (int n = 0; n < columns / 16; n++)
                {
                    if (n < present)
                    {
                        u32 b[4];
                        loadBTransposed(b, tile1, stride, d * 16, n * 16);
                        mma_m16n8k16_bf16(scores[2 * n], a1, b[0], b[1]);
                        mma_m16n8k16_bf16(scores[2 * n + 1], a1, b[2], b[3]);
                        loadBTransposed(b, tile2, stride, d * 16, n * 16);
                        mma_m16n8k16_bf16(gradients[2 * n], a2, b[0], b[1]);
                        mma_m16n8k16_bf16(gradients[2 * n + 1], a2, b[2], b[3]);
                    }
                }
            }

#pragma unroll
            for (int n = 0; n < columns / 8; n++)
            {
#pragma unroll
                for (int j = 0; j < 4; j++)
                {
                    int column = n * 8 + pair + (j & 1);
                    float normaliser = KEYS ? columnStatistics[column] : rowNormaliser[j >> 1];
                    float difference = KEYS ? columnStatistics[columns + column] : rowDelta[j >> 1];
                    float p = exp2_approximate(scores[n][j] * slope - normaliser);
                    int row = at.first + warpRow + group + 8 * (j >> 1);
                    if ((!KEYS && firstColumn + column >= tokens) || (causal && (KEYS ? firstColumn + column < row : firstColumn + column > row)))
                        p = 0.0f;
                    scores[n][j] = p;
                    gradients[n][j] = p * (gradients[n][j] - difference);
                }
            }

#pragma unroll
            for (int n = 0; n < columns / 16; n++)
            {
                if (n < present)
                {
                    u32 ds[4], p[4];
                    accumulatorsToA(ds, gradients[2 * n], gradients[2 * n + 1]);
                    if (KEYS)
                        accumulatorsToA(p, scores[2 * n], scores[2 * n + 1]);
#pragma unroll
                    for (int d = 0; d < DIM / 16; d++)
                    {
                        u32 b[4];
                        loadB(b, tile1, stride, n * 16, d * 16);
                        mma_m16n8k16_bf16(first[2 * d], ds, b[0], b[1]);
                        mma_m16n8k16_bf16(first[2 * d + 1], ds, b[2], b[3]);
                        if constexpr (KEYS)
                        {
                            loadB(b, tile2, stride, n * 16, d * 16);
                            mma_m16n8k16_bf16(second[2 * d], p, b[0], b[1]);
                            mma_m16n8k16_bf16(second[2 * d + 1], p, b[2], b[3]);
                        }
                    }
                }
            }
        }
    }

    if (!active)
        return;
    // The warp's own rows of both row tiles are read by nobody else, so they carry the results out.
    bf16* destination = dqkv + at.offset(tokens, step, headDim) + (KEYS ? width : 0);
    int firstRow = at.first + warpRow;
    storeWarpRows<DIM>(destination, rows1 + warpRow * stride, first, scale, scale, firstRow, tokens, step, headDim);
    if constexpr (KEYS)
        storeWarpRows<DIM>(destination + width, rows2 + warpRow * stride, second, 1.0f, 1.0f, firstRow, tokens, step, headDim);
}

constexpr int DeltaLanes = 8;

/// This lane's part of the dot product of two rows of headDim elements, N neighbours at a time.
template<int N, class T> DEVICE float partialDot(const T* left, const T* right, int headDim)
{
    float sum = 0.0f;
    for (int column = laneIndex() % DeltaLanes * N; column < headDim; column += DeltaLanes * N)
    {
        float a[N], b[N];
        loadPacked<N>(a, left + column);
        loadPacked<N>(b, right + column);
#pragma unroll
        for (int i = 0; i < N; i++)
            sum += a[i] * b[i];
    }
    return sum;
}

/// delta[sample, head, token] = sum over the head's elements of dy y: eight lanes a row of headDim elements.
template<class T> DEVICE void attentionDelta(const T* dy, const T* y, float* delta, int tokens, int heads, int headDim, i64 rows)
{
    i64 row = globalThread() / DeltaLanes;
    // Lanes past the last row take part in the sums of the warp and write nothing.
    i64 source = smaller(row, rows - 1) * headDim;
    constexpr int lanes = Lanes<T>::count;
    bool wide = headDim % lanes == 0 && isAligned16(dy) && isAligned16(y);
    float sum = wide ? partialDot<lanes>(dy + source, y + source, headDim) : partialDot<1>(dy + source, y + source, headDim);
#pragma unroll
    for (int offset = DeltaLanes / 2; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(FullWarp, sum, offset);
    if (row < rows && laneIndex() % DeltaLanes == 0)
    {
        i64 token = row / heads;
        delta[(token / tokens * heads + row % heads) * tokens + token % tokens] = sum;
    }
}

// maths        delta = sum over a head's elements of dy y
// layout       dy, y [samples, tokens, heads x headDim], delta [samples, heads, tokens]; rows = samples x tokens x heads
// launch       AttentionGeometry.Delta: grid ceil(rows / 32), block 256
// determinism  a lane's elements in order, then a fixed butterfly of eight lanes
// CPU twin     CpuBackend.AttentionGradient
extern "C" __global__ void attention_delta_f32(const float* dy, const float* y, float* delta, int tokens, int heads, int headDim, i64 rows)
{
    attentionDelta(dy, y, delta, tokens, heads, headDim, rows);
}

extern "C" __global__ void attention_delta_bf16(const bf16* dy, const bf16* y, float* delta, int tokens, int heads, int headDim, i64 rows)
{
    attentionDelta(dy, y, delta, tokens, heads, headDim, rows);
}

// maths        dq, or dk and dv, of y = softmax(q kᵀ scale) v, as above, causal or not; p and ds are rounded to bf16 for their products
// layout       dy [samples, tokens, heads x headDim], qkv and dqkv [samples, tokens, 3 x heads x headDim], logSumExp and delta [samples, heads,
//              tokens]; headDim a multiple of 8 up to DIM, dy, qkv and dqkv at multiples of 16 bytes
// launch       AttentionGeometry.QueryGradient, KeyValueGradient: grid samples x heads x ceil(tokens / 64), block 128, shared
//              (2 x 64 + 4 x columns) x (DIM + 8) x 2 + 16 x columns bytes with columns = DIM > 64 ? 32 : 64
// determinism  one block owns its rows, columns in order
// CPU twin     CpuBackend.AttentionGradient
#define ATTENTION_BACKWARD(DIM)                                                                                                            \
    extern "C" __global__ void __launch_bounds__(AttentionThreads) attention_query_gradient_d##DIM##_bf16(                                 \
        const bf16* dy, const bf16* qkv, const float* logSumExp, const float* delta, bf16* dqkv, int tokens, int heads, int headDim,       \
        float scale, int causal)                                                                                                           \
    {                                                                                                                                      \
        attentionGradient<DIM, false>(dy, qkv, logSumExp, delta, dqkv, tokens, heads, headDim, scale, causal);                             \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(AttentionThreads) attention_key_value_gradient_d##DIM##_bf16(                             \
        const bf16* dy, const bf16* qkv, const float* logSumExp, const float* delta, bf16* dqkv, int tokens, int heads, int headDim,       \
        float scale, int causal)                                                                                                           \
    {                                                                                                                                      \
        attentionGradient<DIM, true>(dy, qkv, logSumExp, delta, dqkv, tokens, heads, headDim, scale, causal);                              \
    }
ATTENTION_BACKWARD(32)
ATTENTION_BACKWARD(64)
ATTENTION_BACKWARD(80)
ATTENTION_BACKWARD(96)
ATTENTION_BACKWARD(128)
#undef ATTENTION_BACKWARD
