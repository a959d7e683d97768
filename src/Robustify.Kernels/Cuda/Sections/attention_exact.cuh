// Attention in plain float32 arithmetic: the parity mode, and every head dimension that the tensor-core kernels leave out. A block owns ROWS
// rows of one (sample, head), eight neighbouring lanes a row; matrices lie in shared memory with a stride of headDim + 1 floats.

constexpr int ExactLanes = 8;

/// Copies rows [first, first + ROWS) of a matrix of `tokens` rows, `step` elements apart, into floats; rows beyond the last are zero.
template<int ROWS, class T> DEVICE void loadExactTile(float* tile, const T* source, int first, int tokens, i64 step, int headDim)
{
    for (int i = (int)threadIdx.x; i < ROWS * headDim; i += ROWS * ExactLanes)
    {
        int row = i / headDim, column = i % headDim;
        tile[row * (headDim + 1) + column] = first + row < tokens ? load(source + (first + row) * step + column) : 0.0f;
    }
}

/// products[i] = dot(left row `row`, right row `lane + 8 i`).
template<int ROWS> DEVICE void exactProducts(
    float (&products)[ROWS / ExactLanes], const float* left, const float* right, int row, int lane, int headDim)
{
#pragma unroll
    for (int i = 0; i < ROWS / ExactLanes; i++)
        products[i] = 0.0f;
    for (int d = 0; d < headDim; d++)
    {
        float value = left[row * (headDim + 1) + d];
#pragma unroll
        for (int i = 0; i < ROWS / ExactLanes; i++)
            products[i] = fmaf(value, right[(lane + i * ExactLanes) * (headDim + 1) + d], products[i]);
    }
}

/// sums row = fade (sums row) + weights row x matrix, this lane's columns.
template<int ROWS> DEVICE void exactAccumulate(
    float* sums, float fade, const float* weights, const float* matrix, int row, int lane, int headDim)
{
    for (int d = lane; d < headDim; d += ExactLanes)
    {
        float sum = sums[row * (headDim + 1) + d] * fade;
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            sum = fmaf(weights[row * (ROWS + 1) + i], matrix[i * (headDim + 1) + d], sum);
        sums[row * (headDim + 1) + d] = sum;
    }
}

/// Where one block works.
template<int ROWS> struct ExactPlace
{
    int place, sample, head, first, row, lane;

    DEVICE ExactPlace(int tokens, int heads)
    {
        int tiles = ceilDivide(tokens, ROWS);
        place = (int)(blockIdx.x / tiles);
        first = (int)(blockIdx.x % tiles) * ROWS;
        sample = place / heads;
        head = place % heads;
        row = (int)threadIdx.x / ExactLanes;
        lane = (int)threadIdx.x % ExactLanes;
    }

    DEVICE i64 offset(int tokens, i64 stride, int headDim) const { return (i64)sample * tokens * stride + head * headDim; }
};

template<int ROWS, class T>
DEVICE void attentionExactForward(const T* qkv, T* y, float* logSumExp, int tokens, int heads, int headDim, float scale, int causal)
{
    extern __shared__ __align__(128) u8 tileMemory[];
    int tile = ROWS * (headDim + 1);
    float* queryTile = (float*)tileMemory;
    float* keyTile = queryTile + tile;
    float* valueTile = keyTile + tile;
    float* sums = valueTile + tile;
    float* probabilities = sums + tile;

    ExactPlace<ROWS> at(tokens, heads);
    int width = heads * headDim;
    i64 step = 3 * (i64)width;
    const T* queries = qkv + at.offset(tokens, step, headDim);
    loadExactTile<ROWS>(queryTile, queries, at.first, tokens, step, headDim);
    for (int d = at.lane; d < headDim; d += ExactLanes)
        sums[at.row * (headDim + 1) + d] = 0.0f;

    float maximum = -INFINITY, total = 0.0f;
    int keys = causal ? smaller(tokens, at.first + ROWS) : tokens, seen = causal ? smaller(tokens, at.first + at.row + 1) : tokens;
    for (int firstKey = 0; firstKey < keys; firstKey += ROWS)
    {
        __syncthreads();
        loadExactTile<ROWS>(keyTile, queries + width, firstKey, tokens, step, headDim);
        loadExactTile<ROWS>(valueTile, queries + 2 * width, firstKey, tokens, step, headDim);
        __syncthreads();
        float scores[ROWS / ExactLanes];
        exactProducts<ROWS>(scores, queryTile, keyTile, at.row, at.lane, headDim);
        float peak = maximum;
#pragma unroll
        for (int i = 0; i < ROWS / ExactLanes; i++)
        {
            scores[i] = firstKey + at.lane + i * ExactLanes < seen ? scores[i] * scale : -INFINITY;
            peak = fmaxf(peak, scores[i]);
        }
#pragma unroll
        for (int offset = ExactLanes / 2; offset > 0; offset /= 2)
            peak = fmaxf(peak, __shfl_xor_sync(FullWarp, peak, offset));
        float fade = expf(maximum - peak);
        maximum = peak;
        total *= fade;
#pragma unroll
        for (int i = 0; i < ROWS / ExactLanes; i++)
        {
            float p = expf(scores[i] - peak);
            total += p;
            probabilities[at.row * (ROWS + 1) + at.lane + i * ExactLanes] = p;
        }
        // A row's eight lanes are in one warp.
        __syncwarp();
        exactAccumulate<ROWS>(sums, fade, probabilities, valueTile, at.row, at.lane, headDim);
    }

#pragma unroll
    for (int offset = ExactLanes / 2; offset > 0; offset /= 2)
        total += __shfl_xor_sync(FullWarp, total, offset);
    int token = at.first + at.row;
    if (token >= tokens)
        return;
    T* destination = y + at.offset(tokens, width, headDim) + (i64)token * width;
    for (int d = at.lane; d < headDim; d += ExactLanes)
        store(destination + d, sums[at.row * (headDim + 1) + d] / total);
    if (at.lane == 0)
        logSumExp[(i64)at.place * tokens + token] = maximum + logf(total);
}

// Rows and columns as in attentionGradient.
template<int ROWS, bool KEYS, class T>
DEVICE void attentionExactGradient(
    const T* dy, const T* qkv, const float* logSumExp, const float* delta, T* dqkv, int tokens, int heads, int headDim, float scale,
    int causal)
{
    extern __shared__ __align__(128) u8 tileMemory[];
    int tile = ROWS * (headDim + 1);
    float* rows1 = (float*)tileMemory;
    float* rows2 = rows1 + tile;
    float* columns1 = rows2 + tile;
    float* columns2 = columns1 + tile;
    float* first = columns2 + tile;
    float* second = first + tile;
    float* gradients = KEYS ? second + tile : second;
    float* probabilities = gradients + ROWS * (ROWS + 1);

    ExactPlace<ROWS> at(tokens, heads);
    int width = heads * headDim;
    i64 step = 3 * (i64)width;
    const T* queries = qkv + at.offset(tokens, step, headDim);
    const T* outputs = dy + at.offset(tokens, width, headDim);
    const float* normalisers = logSumExp + (i64)at.place * tokens;
    const float* deltas = delta + (i64)at.place * tokens;
    loadExactTile<ROWS>(rows1, KEYS ? queries + width : queries, at.first, tokens, step, headDim);
    loadExactTile<ROWS>(rows2, KEYS ? queries + 2 * width : outputs, at.first, tokens, KEYS ? step : width, headDim);
    for (int d = at.lane; d < headDim; d += ExactLanes)
    {
        first[at.row * (headDim + 1) + d] = 0.0f;
        if (KEYS)
            second[at.row * (headDim + 1) + d] = 0.0f;
    }

    int token = at.first + at.row, begin = KEYS && causal ? at.first : 0, end = !KEYS && causal ? smaller(tokens, at.first + ROWS) : tokens;
    for (int firstColumn = begin; firstColumn < end; firstColumn += ROWS)
    {
        __syncthreads();
        loadExactTile<ROWS>(columns1, KEYS ? queries : queries + width, firstColumn, tokens, step, headDim);
        loadExactTile<ROWS>(columns2, KEYS ? outputs : queries + 2 * width, firstColumn, tokens, KEYS ? width : step, headDim);
        __syncthreads();
        float scores[ROWS / ExactLanes], products[ROWS / ExactLanes];
        exactProducts<ROWS>(scores, rows1, columns1, at.row, at.lane, headDim);
        exactProducts<ROWS>(products, rows2, columns2, at.row, at.lane, headDim);
#pragma unroll
        for (int i = 0; i < ROWS / ExactLanes; i++)
        {
            int column = at.lane + i * ExactLanes, query = KEYS ? firstColumn + column : token;
            bool present = firstColumn + column < tokens && token < tokens
                && (!causal || (KEYS ? firstColumn + column >= token : firstColumn + column <= token));
            float p = present ? expf(scores[i] * scale - normalisers[query]) : 0.0f;
            float difference = present ? deltas[query] : 0.0f;
            if (KEYS)
                probabilities[at.row * (ROWS + 1) + column] = p;
            gradients[at.row * (ROWS + 1) + column] = p * (products[i] - difference) * scale;
        }
        __syncwarp();
        exactAccumulate<ROWS>(first, 1.0f, gradients, columns1, at.row, at.lane, headDim);
        if (KEYS)
            exactAccumulate<ROWS>(second, 1.0f, probabilities, columns2, at.row, at.lane, headDim);
    }

    if (token >= tokens)
        return;
    T* destination = dqkv + at.offset(tokens, step, headDim) + token * step + (KEYS ? width : 0);
    for (int d = at.lane; d < headDim; d += ExactLanes)
    {
        store(destination + d, first[at.row * (headDim + 1) + d]);
        if (KEYS)
            store(destination + width + d, second[at.row * (headDim + 1) + d]);
    }
}

// maths        as attention_forward, attention_query_gradient and attention_key_value_gradient, without rounding between the products
//              and causal or not as they
// layout       as there, any headDim, any alignment
// launch       AttentionGeometry: grid samples x heads x ceil(tokens / ROWS), block 8 ROWS, shared 4 (M ROWS (headDim + 1) + S ROWS (ROWS + 1))
//              bytes with M = 4, S = 1 forward, M = 5, S = 1 for queries, M = 6, S = 2 for keys and values
// determinism  one block owns its rows, columns in order
// CPU twin     CpuBackend.Attention, CpuBackend.AttentionGradient
#define ATTENTION_EXACT(ROWS, TYPE, NAME)                                                                                                  \
    extern "C" __global__ void __launch_bounds__(ROWS* ExactLanes) attention_exact_forward_r##ROWS##_##NAME(                               \
        const TYPE* qkv, TYPE* y, float* logSumExp, int tokens, int heads, int headDim, float scale, int causal)                           \
    {                                                                                                                                      \
        attentionExactForward<ROWS>(qkv, y, logSumExp, tokens, heads, headDim, scale, causal);                                             \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(ROWS* ExactLanes) attention_exact_query_gradient_r##ROWS##_##NAME(                        \
        const TYPE* dy, const TYPE* qkv, const float* logSumExp, const float* delta, TYPE* dqkv, int tokens, int heads, int headDim,       \
        float scale, int causal)                                                                                                           \
    {                                                                                                                                      \
        attentionExactGradient<ROWS, false>(dy, qkv, logSumExp, delta, dqkv, tokens, heads, headDim, scale, causal);                       \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(ROWS* ExactLanes) attention_exact_key_value_gradient_r##ROWS##_##NAME(                    \
        const TYPE* dy, const TYPE* qkv, const float* logSumExp, const float* delta, TYPE* dqkv, int tokens, int heads, int headDim,       \
        float scale, int causal)                                                                                                           \
    {                                                                                                                                      \
        attentionExactGradient<ROWS, true>(dy, qkv, logSumExp, delta, dqkv, tokens, heads, headDim, scale, causal);                        \
    }
ATTENTION_EXACT(32, float, f32)
ATTENTION_EXACT(8, float, f32)
ATTENTION_EXACT(32, bf16, bf16)
ATTENTION_EXACT(8, bf16, bf16)
#undef ATTENTION_EXACT
