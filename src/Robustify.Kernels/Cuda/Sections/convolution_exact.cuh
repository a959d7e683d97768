// Convolution in plain float32 arithmetic, the parity mode: tiles of 64 x 64 results, 16 deep, a thread 4 x 4 of them. Any channel count.

constexpr int ExactTile = 64;
constexpr int ExactDepth = 16;
constexpr int ExactStride = ExactTile + 4;

/// A thread's 4 x 4 sums += left [depth][rows] times right [depth][columns] over one stage.
DEVICE void multiplyExactStage(float (&sums)[4][4], const float* left, const float* right, int row, int column)
{
#pragma unroll
    for (int depth = 0; depth < ExactDepth; depth++)
    {
        float a[4], b[4];
        loadPacked<4>(a, left + depth * ExactStride + row);
        loadPacked<4>(b, right + depth * ExactStride + column);
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int j = 0; j < 4; j++)
                sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
    }
}

template<bool GRADIENT>
DEVICE void convolutionExact(const float* source, const float* weight, float* destination, const ConvolutionShape& shape, bool accumulate)
{
    __shared__ __align__(16) float left[ExactDepth * ExactStride];
    __shared__ __align__(16) float right[ExactDepth * ExactStride];
    const ConvolutionProduct<GRADIENT> product(shape);
    const ConvolutionWindow& window = product.window;
    int firstRow = (int)blockIdx.x * ExactTile, firstColumn = (int)blockIdx.y * ExactTile;
    int allRows = window.rows(), allColumns = product.columns(), depth = window.depth();
    if (firstRow >= allRows)
        return;

    // Sixteen neighbouring threads read along the depth; the weights of the data gradient lie along the columns instead.
    int thread = (int)threadIdx.x, place = thread % ExactDepth, line = thread / ExactDepth;
    int weightPlace = GRADIENT ? thread / ExactTile : place, weightLine = GRADIENT ? thread % ExactTile : line;
    ConvolutionRow gathered[4];
    ConvolutionTap tap{0, 0, 0}, weightTap[4];
    tap.advance(place, window);
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        gathered[i] = ConvolutionRow::at(firstRow + line + 16 * i, window);
        weightTap[i] = ConvolutionTap{0, 0, 0};
        weightTap[i].advance(weightPlace + 4 * i, window);
    }

    float sums[4][4];
    clear(sums);
    int row = thread / 16 * 4, column = thread % 16 * 4;
    for (int first = 0; first < depth; first += ExactDepth)
    {
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int offset = gathered[i].gather(tap, window);
            left[place * ExactStride + line + 16 * i] = offset < 0 ? 0.0f : source[offset];
            if (GRADIENT)
            {
                bool present = weightTap[i].high < window.tapsHigh && firstColumn + weightLine < allColumns;
                right[(weightPlace + 4 * i) * ExactStride + weightLine] =
                    present ? weight[product.weight(weightTap[i]) + firstColumn + weightLine] : 0.0f;
                weightTap[i].advance(ExactDepth, window);
            }
            else
            {
                int output = firstColumn + weightLine + 16 * i;
                right[place * ExactStride + weightLine + 16 * i] =
                    output < allColumns && first + place < depth ? weight[output * depth + first + place] : 0.0f;
            }
        }
        tap.advance(ExactDepth, window);
        __syncthreads();
        multiplyExactStage(sums, left, right, row, column);
        __syncthreads();
    }

#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        if (firstRow + row + i >= allRows)
            continue;
        float* to = destination + product.result(firstRow + row + i) + firstColumn + column;
#pragma unroll
        for (int j = 0; j < 4; j++)
            if (firstColumn + column + j < allColumns)
                to[j] = accumulate ? to[j] + sums[i][j] : sums[i][j];
    }
}

// maths        forward: y = x * weight; input_gradient: dx (+)= dy * weight transposed
// layout       x, dx [samples, high, wide, channels], y, dy [samples, outputHigh, outputWide, outputs], weight [outputs, kernel, kernel, channels]
// launch       grid (rows / 64, columns / 64, 1 or stride squared) rounded up, block 256
// determinism  one thread a result, depth in order
// CPU twin     CpuBackend.Convolution, CpuBackend.ConvolutionInputGradient
extern "C" __global__ void __launch_bounds__(256) convolution_forward_any_f32(
    const float* x, const float* weight, float* y, int samples, int high, int wide, int channels, int outputHigh, int outputWide, int outputs,
    int kernel, int stride, int padding, int accumulate)
{
    ConvolutionShape shape{samples, high, wide, channels, outputHigh, outputWide, outputs, kernel, stride, padding};
    convolutionExact<false>(x, weight, y, shape, accumulate != 0);
}

extern "C" __global__ void __launch_bounds__(256) convolution_input_gradient_any_f32(
    const float* dy, const float* weight, float* dx, int samples, int high, int wide, int channels, int outputHigh, int outputWide, int outputs,
    int kernel, int stride, int padding, int accumulate)
{
    ConvolutionShape shape{samples, high, wide, channels, outputHigh, outputWide, outputs, kernel, stride, padding};
    convolutionExact<true>(dy, weight, dx, shape, accumulate != 0);
}

// maths        partial[split] = dyᵀ gathered over the split's positions
// layout       dy [samples, outputHigh, outputWide, outputs], x [samples, high, wide, channels], partial [splits, outputs, kernel, kernel, channels]
// launch       grid (depth / 64, outputs / 64, splits) rounded up, block 256
// determinism  one thread a result and split, positions in order
// CPU twin     CpuBackend.ConvolutionWeightGradient
extern "C" __global__ void __launch_bounds__(256) convolution_weight_gradient_any_f32(
    const float* dy, const float* x, float* partial, int samples, int high, int wide, int channels, int outputHigh, int outputWide, int outputs,
    int kernel, int stride, int padding)
{
    __shared__ __align__(16) float left[ExactDepth * ExactStride];
    __shared__ __align__(16) float right[ExactDepth * ExactStride];
    ConvolutionShape shape{samples, high, wide, channels, outputHigh, outputWide, outputs, kernel, stride, padding};
    const ConvolutionWindow window = ConvolutionWindow::forward(shape);
    int depth = window.depth(), positions = window.rows();
    int firstRow = (int)blockIdx.y * ExactTile, firstColumn = (int)blockIdx.x * ExactTile;
    int position = splitFirst(positions, (int)blockIdx.z, (int)gridDim.z), end = splitFirst(positions, (int)blockIdx.z + 1, (int)gridDim.z);

    int thread = (int)threadIdx.x, line = thread % ExactTile, place = thread / ExactTile;
    ConvolutionTap tap{0, 0, 0};
    tap.advance(firstColumn + line, window);
    ConvolutionRow gathered[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
        gathered[i] = ConvolutionRow::at(position + place + 4 * i, window);

    float sums[4][4];
    clear(sums);
    int row = thread / 16 * 4, column = thread % 16 * 4;
    for (; position < end; position += ExactDepth)
    {
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int at = position + place + 4 * i, offset = gathered[i].gather(tap, window);
            left[(place + 4 * i) * ExactStride + line] = at < end && firstRow + line < outputs ? dy[at * outputs + firstRow + line] : 0.0f;
            right[(place + 4 * i) * ExactStride + line] = offset < 0 ? 0.0f : x[offset];
            gathered[i].advance(ExactDepth, window);
        }
        __syncthreads();
        multiplyExactStage(sums, left, right, row, column);
        __syncthreads();
    }

    float* destination = partial + (i64)blockIdx.z * outputs * depth;
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
            if (firstRow + row + i < outputs && firstColumn + column + j < depth)
                destination[(i64)(firstRow + row + i) * depth + firstColumn + column + j] = sums[i][j];
}
