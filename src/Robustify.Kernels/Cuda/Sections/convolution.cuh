// Convolution and its data gradient on tensor cores: tiles of gathered rows and of weights stream into shared memory by cp.async, three
// stages deep, while mma works on the oldest.

constexpr int ConvolutionThreads = 256;
constexpr int ConvolutionDepth = 32;      // of the product, a stage
constexpr int ConvolutionStages = 3;

/// A warp's part of one stage: sums [ROWS, 32] += a b. Operands are stored [row][depth] and [column][depth], or, where DEPTH_FIRST,
/// [depth][row] and [depth][column].
template<int ROWS, bool A_DEPTH_FIRST, bool B_DEPTH_FIRST> DEVICE void multiplyStage(
    float (&sums)[ROWS / 4][4], const bf16* a, int aStride, const bf16* b, int bStride, int row, int column)
{
#pragma unroll
    for (int depth = 0; depth < ConvolutionDepth; depth += 16)
    {
        u32 left[ROWS / 16][4];
#pragma unroll
        for (int m = 0; m < ROWS / 16; m++)
        {
            if (A_DEPTH_FIRST)
                loadATransposed(left[m], a, aStride, row + m * 16, depth);
            else
                loadA(left[m], a, aStride, row + m * 16, depth);
        }
#pragma unroll
        for (int n = 0; n < 2; n++)
        {
            u32 right[4];
            if (B_DEPTH_FIRST)
                loadB(right, b, bStride, depth, column + n * 16);
            else
                loadBTransposed(right, b, bStride, depth, column + n * 16);
#pragma unroll
            for (int m = 0; m < ROWS / 16; m++)
            {
                mma_m16n8k16_bf16(sums[m * 4 + 2 * n], left[m], right[0], right[1]);
                mma_m16n8k16_bf16(sums[m * 4 + 2 * n + 1], left[m], right[2], right[3]);
            }
        }
    }
}

/// Eight elements that lie along the depth, gathered one by one: channel counts that are no multiple of 8.
DEVICE void gatherElements(bf16* destination, const bf16* source, const ConvolutionRow& row, ConvolutionTap tap, const ConvolutionWindow& window)
{
    Packed<bf16, 8> packed;
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int offset = row.gather(tap, window);
        packed.value[i] = offset < 0 ? bf16{0} : source[offset];
        tap.advance(1, window);
    }
    *(Packed<bf16, 8>*)destination = packed;
}

/// destination [0 .. 8) = source [0 .. valid), zero beyond.
DEVICE void copyElements(bf16* destination, const bf16* source, int valid)
{
    Packed<bf16, 8> packed;
#pragma unroll
    for (int i = 0; i < 8; i++)
        packed.value[i] = i < valid ? source[i] : bf16{0};
    *(Packed<bf16, 8>*)destination = packed;
}

template<int COLUMNS, bool VECTOR, bool GRADIENT>
DEVICE void convolution(const bf16* source, const bf16* weight, bf16* destination, const ConvolutionShape& shape, bool accumulate)
{
    constexpr int rows = 128, sourceStride = ConvolutionDepth + 8, weightStride = GRADIENT ? COLUMNS + 8 : ConvolutionDepth + 8;
    constexpr int sourceTile = rows * sourceStride, weightTile = (GRADIENT ? ConvolutionDepth : COLUMNS) * weightStride;
    constexpr int warpsWide = COLUMNS / 32, warpRows = rows * warpsWide / 8, perThread = COLUMNS / 64;
    extern __shared__ __align__(128) u8 tileMemory[];
    bf16* sourceTiles = (bf16*)tileMemory;
    bf16* weightTiles = sourceTiles + ConvolutionStages * sourceTile;

    const ConvolutionProduct<GRADIENT> product(shape);
    const ConvolutionWindow& window = product.window;
    int firstRow = (int)blockIdx.x * rows, firstColumn = (int)blockIdx.y * COLUMNS;
    int allRows = window.rows(), allColumns = product.columns(), depth = window.depth();
    if (firstRow >= allRows)
        return;

    // This thread's chunks of 8 elements: 2 of the gathered rows at one place in the depth, perThread of the weights.
    int thread = (int)threadIdx.x, chunk = thread % 4 * 8;
    ConvolutionRow gathered[2];
#pragma unroll
    for (int i = 0; i < 2; i++)
        gathered[i] = ConvolutionRow::at(firstRow + thread / 4 + 64 * i, window);
    ConvolutionTap tap{0, 0, 0}, weightTap[perThread];
    tap.advance(chunk, window);
    int weightColumn = GRADIENT ? thread % (COLUMNS / 8) * 8 : thread / 4, weightPlace = chunk;
    constexpr int weightRows = ConvolutionThreads / (COLUMNS / 8);
    if (GRADIENT)
    {
#pragma unroll
        for (int i = 0; i < perThread; i++)
        {
            weightTap[i] = ConvolutionTap{0, 0, 0};
            weightTap[i].advance(thread / (COLUMNS / 8) + weightRows * i, window);
        }
    }

    auto startStage = [&](int stage)
    {
#pragma unroll
        for (int i = 0; i < 2; i++)
        {
            bf16* to = sourceTiles + stage * sourceTile + (thread / 4 + 64 * i) * sourceStride + chunk;
            if (VECTOR)
            {
                int offset = gathered[i].gather(tap, window);
                cp_async16(to, source + larger(offset, 0), offset >= 0);
            }
            else
            {
                gatherElements(to, source, gathered[i], tap, window);
            }
        }
        tap.advance(ConvolutionDepth, window);
#pragma unroll
        for (int i = 0; i < perThread; i++)
        {
            // Forward: a chunk lies along the depth of one output. Gradient: along the columns at one place in the depth.
            int column = firstColumn + weightColumn + (GRADIENT ? 0 : 64 * i), offset, valid;
            bf16* to = weightTiles + stage * weightTile;
            if (GRADIENT)
            {
                to += (thread / (COLUMNS / 8) + weightRows * i) * weightStride + weightColumn;
                offset = product.weight(weightTap[i]) + column;
                valid = weightTap[i].high < window.tapsHigh ? allColumns - column : 0;
                weightTap[i].advance(ConvolutionDepth, window);
            }
            else
            {
                to += (weightColumn + 64 * i) * weightStride + chunk;
                offset = column * depth + weightPlace;
                valid = column < allColumns ? depth - weightPlace : 0;
            }
            if (VECTOR)
                cp_async16(to, weight + (valid > 0 ? offset : 0), valid > 0);
            else
                copyElements(to, weight + offset, valid);
        }
        weightPlace += ConvolutionDepth;
    };

    int stages = ceilDivide(depth, ConvolutionDepth);
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
        // All but the newest group have landed; after the barrier everyone's have, and nobody reads the stage that is refilled now.
        cp_async_wait<ConvolutionStages - 2>();
        __syncthreads();
        int next = step + ConvolutionStages - 1;
        if (next < stages)
            startStage(next % ConvolutionStages);
        cp_async_commit();
        int stage = step % ConvolutionStages;
        if (firstColumn + warpColumn < allColumns && firstRow + warpRow < allRows)
            multiplyStage<warpRows, false, GRADIENT>(
                sums, sourceTiles + stage * sourceTile, sourceStride, weightTiles + stage * weightTile, weightStride, warpRow, warpColumn);
    }

    // Through shared memory, so that global memory sees 16-byte stores.
    constexpr int resultStride = COLUMNS + 8;
    bf16* results = (bf16*)tileMemory;
    int group = laneIndex() >> 2, pair = (laneIndex() & 3) * 2;
    __syncthreads();
#pragma unroll
    for (int m = 0; m < warpRows / 16; m++)
    {
#pragma unroll
        for (int n = 0; n < 4; n++)
        {
            bf16* to = results + (warpRow + m * 16 + group) * resultStride + warpColumn + n * 8 + pair;
            *(u32*)to = pack_bf16x2(sums[m * 4 + n][0], sums[m * 4 + n][1]);
            *(u32*)(to + 8 * resultStride) = pack_bf16x2(sums[m * 4 + n][2], sums[m * 4 + n][3]);
        }
    }
    __syncthreads();
    for (int i = thread; i < rows * COLUMNS / 8; i += ConvolutionThreads)
    {
        int row = i / (COLUMNS / 8), column = i % (COLUMNS / 8) * 8, valid = allColumns - firstColumn - column;
        if (firstRow + row >= allRows || valid <= 0)
            continue;
        bf16* to = destination + product.result(firstRow + row) + firstColumn + column;
        const bf16* from = results + row * resultStride + column;
        if (VECTOR)
        {
            float value[8], before[8];
            loadPacked<8>(value, from);
            if (accumulate)
            {
                loadPacked<8>(before, to);
#pragma unroll
                for (int k = 0; k < 8; k++)
                    value[k] += before[k];
            }
            storePacked<8>(to, value);
        }
        else
        {
            for (int k = 0; k < smaller(valid, 8); k++)
                store(to + k, accumulate ? load(from + k) + load(to + k) : load(from + k));
        }
    }
}

// maths        forward: y = x * weight; input_gradient: dx (+)= dy * weight transposed; fp32 sums, rounded to bf16 before dx is added
// layout       x, dx [samples, high, wide, channels], y, dy [samples, outputHigh, outputWide, outputs], weight [outputs, kernel, kernel, channels]
// launch       grid (rows / 128, columns / COLUMNS, 1 or stride squared) rounded up, block 256, shared: three stages (ConvolutionTiles on
//              the host); vector needs channels and outputs in multiples of 8 and 16-byte alignment
// determinism  one block a tile, depth in order
// CPU twin     CpuBackend.Convolution, CpuBackend.ConvolutionInputGradient
#define CONVOLUTION(NAME, COLUMNS, VECTOR, GRADIENT)                                                                                       \
    extern "C" __global__ void __launch_bounds__(ConvolutionThreads) NAME(                                                                 \
        const bf16* source, const bf16* weight, bf16* destination, int samples, int high, int wide, int channels, int outputHigh,          \
        int outputWide, int outputs, int kernel, int stride, int padding, int accumulate)                                                  \
    {                                                                                                                                      \
        ConvolutionShape shape{samples, high, wide, channels, outputHigh, outputWide, outputs, kernel, stride, padding};                   \
        convolution<COLUMNS, VECTOR, GRADIENT>(source, weight, destination, shape, accumulate != 0);                                       \
    }
CONVOLUTION(convolution_forward_c128_bf16, 128, true, false)
CONVOLUTION(convolution_forward_c64_bf16, 64, true, false)
CONVOLUTION(convolution_forward_any_bf16, 64, false, false)
CONVOLUTION(convolution_input_gradient_c128_bf16, 128, true, true)
CONVOLUTION(convolution_input_gradient_c64_bf16, 64, true, true)
CONVOLUTION(convolution_input_gradient_any_bf16, 64, false, true)
#undef CONVOLUTION
