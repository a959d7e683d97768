// The weight gradient on tensor cores: dweight [outputs, depth] = dyᵀ gathered, a product whose depth is all positions of y. It is cut into
// splits of positions, each with its own partial result in float32, which a second kernel adds in order.

/// First position of split `index`; splits are multiples of a stage, so that they do not depend on who computes them.
DEVICE int splitFirst(int positions, int index, int splits)
{
    int stages = ceilDivide(positions, ConvolutionDepth);
    return smaller(positions, (int)((i64)stages * index / splits) * ConvolutionDepth);
}

template<int ROWS, int COLUMNS, bool VECTOR>
DEVICE void convolutionWeightGradient(const bf16* dy, const bf16* x, float* partial, const ConvolutionShape& shape)
{
    constexpr int leftStride = ROWS + 8, rightStride = COLUMNS + 8;
    constexpr int leftTile = ConvolutionDepth * leftStride, rightTile = ConvolutionDepth * rightStride;
    constexpr int warpsWide = COLUMNS / 32, warpRows = ROWS * warpsWide / 8;
    constexpr int leftChunks = ROWS / 8, rightChunks = COLUMNS / 8;
    constexpr int leftStep = ConvolutionThreads / leftChunks, rightStep = ConvolutionThreads / rightChunks;
    extern __shared__ __align__(128) u8 tileMemory[];
    bf16* leftTiles = (bf16*)tileMemory;
    bf16* rightTiles = leftTiles + ConvolutionStages * leftTile;

    const ConvolutionWindow window = ConvolutionWindow::forward(shape);
    int depth = window.depth(), positions = window.rows();
    int firstRow = (int)blockIdx.y * ROWS, firstColumn = (int)blockIdx.x * COLUMNS;
    int position = splitFirst(positions, (int)blockIdx.z, (int)gridDim.z), end = splitFirst(positions, (int)blockIdx.z + 1, (int)gridDim.z);
    int stages = ceilDivide(end - position, ConvolutionDepth);

    // Chunks of 8 outputs of dy, and of 8 elements of the depth gathered from x; positions run down both tiles.
    int thread = (int)threadIdx.x, leftPlace = thread / leftChunks, rightPlace = thread / rightChunks;
    int output = firstRow + thread % leftChunks * 8;
    ConvolutionTap tap{0, 0, 0};
    tap.advance(firstColumn + thread % rightChunks * 8, window);
    ConvolutionRow gathered[COLUMNS / 64];
#pragma unroll
    for (int i = 0; i < COLUMNS / 64; i++)
        gathered[i] = ConvolutionRow::at(position + rightPlace + i * rightStep, window);

    auto startStage = [&](int stage)
    {
#pragma unroll
        for (int i = 0; i < ROWS / 64; i++)
        {
            int place = leftPlace + i * leftStep, at = position + place;
            int valid = at < end ? shape.outputs - output : 0;
            bf16* to = leftTiles + stage * leftTile + place * leftStride + thread % leftChunks * 8;
            if (VECTOR)
                cp_async16(to, dy + (valid > 0 ? at * shape.outputs + output : 0), valid > 0);
            else
                copyElements(to, dy + at * shape.outputs + output, valid);
        }
#pragma unroll
        for (int i = 0; i < COLUMNS / 64; i++)
        {
            int place = rightPlace + i * rightStep;
            bf16* to = rightTiles + stage * rightTile + place * rightStride + thread % rightChunks * 8;
            // Past the split's end dy is zero, so x may be anything that exists.
            if (VECTOR)
            {
                int offset = gathered[i].gather(tap, window);
                cp_async16(to, x + larger(offset, 0), offset >= 0);
            }
            else
            {
                gatherElements(to, x, gathered[i], tap, window);
            }
            gathered[i].advance(ConvolutionDepth, window);
        }
        position += ConvolutionDepth;
    };

#pragma unroll
    for (int stage = 0; stage < ConvolutionStages - 1; stage++)
    {
        if (stage < stages)
            startStage(stage);
        cp_async_commit();
    }

    float sums[warpRows / 4][4];
    clear(sums);
    int warpRow = warpIndex() / warpsWide * warpRows, warpColumn = warpIndex() % warpsWide * 32;
    for (int step = 0; step < stages; step++)
    {
        cp_async_wait<ConvolutionStages - 2>();
        __syncthreads();
        int next = step + ConvolutionStages - 1;
        if (next < stages)
            startStage(next % ConvolutionStages);
        cp_async_commit();
        int stage = step % ConvolutionStages;
        if (firstColumn + warpColumn < depth && firstRow + warpRow < shape.outputs)
            multiplyStage<warpRows, true, true>(
                sums, leftTiles + stage * leftTile, leftStride, rightTiles + stage * rightTile, rightStride, warpRow, warpColumn);
    }

    float* destination = partial + (i64)blockIdx.z * shape.outputs * depth;
    int row = firstRow + warpRow + (laneIndex() >> 2), column = firstColumn + warpColumn + (laneIndex() & 3) * 2;
#pragma unroll
    for (int m = 0; m < warpRows / 16; m++)
    {
#pragma unroll
        for (int n = 0; n < 4; n++)
        {
#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                int r = row + m * 16 + half * 8, c = column + n * 8;
                float value[2] = {sums[m * 4 + n][2 * half], sums[m * 4 + n][2 * half + 1]};
                float* to = destination + (i64)r * depth + c;
                if (r >= shape.outputs)
                    continue;
                if (VECTOR && c < depth)
                    storePacked<2>(to, value);
                for (int k = 0; k < 2 && !VECTOR; k++)
                    if (c + k < depth)
                        to[k] = value[k];
            }
        }
    }
}

// maths        partial[split] = dyᵀ gathered over the split's positions; fp32 sums
// layout       dy [samples, outputHigh, outputWide, outputs], x [samples, high, wide, channels], partial [splits, outputs, kernel, kernel, channels]
// launch       grid (depth / COLUMNS, outputs / ROWS, splits) rounded up, block 256, shared: three stages (ConvolutionTiles on the host);
//              vector needs channels and outputs in multiples of 8 and 16-byte alignment
// determinism  one block a tile and split, positions in order
// CPU twin     CpuBackend.ConvolutionWeightGradient
#define CONVOLUTION_WEIGHT_GRADIENT(NAME, ROWS, COLUMNS, VECTOR)                                                                           \
    extern "C" __global__ void __launch_bounds__(ConvolutionThreads) NAME(                                                                 \
        const bf16* dy, const bf16* x, float* partial, int samples, int high, int wide, int channels, int outputHigh, int outputWide,      \
        int outputs, int kernel, int stride, int padding)                                                                                  \
    {                                                                                                                                      \
        ConvolutionShape shape{samples, high, wide, channels, outputHigh, outputWide, outputs, kernel, stride, padding};                   \
        convolutionWeightGradient<ROWS, COLUMNS, VECTOR>(dy, x, partial, shape);                                                           \
    }
CONVOLUTION_WEIGHT_GRADIENT(convolution_weight_gradient_r128_bf16, 128, 128, true)
CONVOLUTION_WEIGHT_GRADIENT(convolution_weight_gradient_r64_bf16, 64, 128, true)
CONVOLUTION_WEIGHT_GRADIENT(convolution_weight_gradient_any_bf16, 64, 64, false)
#undef CONVOLUTION_WEIGHT_GRADIENT

struct SplitTotalElements
{
    const float* partial;
    float* total;
    i64 count;
    int splits;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float sum[N] = {}, value[N];
        for (int split = 0; split < splits; split++)
        {
            loadPacked<N>(value, partial + split * count + i);
#pragma unroll
            for (int k = 0; k < N; k++)
                sum[k] += value[k];
        }
        if (accumulate)
        {
            loadPacked<N>(value, total + i);
#pragma unroll
            for (int k = 0; k < N; k++)
                sum[k] += value[k];
        }
        storePacked<N>(total + i, sum);
    }
};

// maths        total (+)= sum over splits of partial[split]
// layout       partial [splits, count], total [count]
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element, splits in order
// CPU twin     WeightGradientTotal
extern "C" __global__ void __launch_bounds__(256) convolution_split_total_f32(
    const float* partial, float* total, i64 count, int splits, int accumulate)
{
    bool wide = count % Lanes<float>::count == 0 && isAligned16(partial) && isAligned16(total);
    forEachElement<Lanes<float>::count>(count, wide, SplitTotalElements{partial, total, count, splits, accumulate != 0});
}
