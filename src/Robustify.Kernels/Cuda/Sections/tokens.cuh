// From images to token sequences and back: moves of runs of neighbouring elements, N at a time. Every result is one thread's alone.

/// value, plus what stands there where the move accumulates, to N elements.
template<int N, class T> DEVICE void storeMoved(T* destination, float (&value)[N], bool accumulate)
{
    if (accumulate)
    {
        float before[N];
        loadPacked<N>(before, destination);
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] += before[k];
    }
    storePacked<N>(destination, value);
}

/// Offset in the image [samples, high, wide, channels] of element i of the patches [samples, (high / patch) (wide / patch), patch, patch,
/// channels].
DEVICE i64 patchSource(i64 i, int wide, int channels, int patch)
{
    int run = patch * channels, across = wide / patch;
    i64 line = i / run;
    int inRun = (int)(i % run), row = (int)(line % patch);
    i64 position = line / patch;
    int column = (int)(position % across);
    // Rows of patches of all samples follow one another as rows of the images do.
    i64 imageRow = position / across * patch + row;
    return (imageRow * wide + column * patch) * channels + inRun;
}

template<class TSource, class T> struct PatchifyElements
{
    const TSource* image;
    T* patches;
    int wide, channels, patch;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N];
        loadPacked<N>(value, image + patchSource(i, wide, channels, patch));
        storePacked<N>(patches + i, value);
    }
};

template<class TSource, class T> DEVICE void patchify(
    const TSource* image, T* patches, int wide, int channels, int patch, i64 count)
{
    constexpr int N = Lanes<T>::count;
    bool packs = patch * channels % N == 0 && isAligned16(image) && isAligned16(patches);
    forEachElement<N>(count, packs, PatchifyElements<TSource, T>{image, patches, wide, channels, patch});
}

template<class T> struct PatchifyGradientElements
{
    const T* dpatches;
    T* dimage;
    int wide, channels, patch;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N];
        loadPacked<N>(value, dpatches + i);
        storeMoved<N>(dimage + patchSource(i, wide, channels, patch), value, accumulate);
    }
};

template<class T> DEVICE void patchifyGradient(
    const T* dpatches, T* dimage, int wide, int channels, int patch, i64 count, int accumulate)
{
    constexpr int N = Lanes<T>::count;
    bool packs = patch * channels % N == 0 && isAligned16(dpatches) && isAligned16(dimage);
    forEachElement<N>(count, packs, PatchifyGradientElements<T>{dpatches, dimage, wide, channels, patch, accumulate != 0});
}

template<class T> struct AssembleElements
{
    const T* patches;
    const float* classToken;
    const float* positions;
    T* y;
    int tokens, width;

    template<int N> DEVICE void invoke(i64 i) const
    {
        int skip = classToken ? 1 : 0, column = (int)(i % width);
        i64 row = i / width, sample = row / tokens;
        int token = (int)(row % tokens);
        float value[N], position[N];
        if (token < skip)
            loadPacked<N>(value, classToken + column);
        else
            loadPacked<N>(value, patches + (sample * (tokens - skip) + token - skip) * width + column);
        loadPacked<N>(position, positions + (i64)token * width + column);
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] += position[k];
        storePacked<N>(y + i, value);
    }
};

template<class T> DEVICE void assembleTokens(
    const T* patches, const float* classToken, const float* positions, T* y, int tokens, int width, i64 count)
{
    constexpr int N = Lanes<T>::count;
    bool packs = width % N == 0 && isAligned16(patches) && isAligned16(classToken) && isAligned16(positions) && isAligned16(y);
    forEachElement<N>(count, packs, AssembleElements<T>{patches, classToken, positions, y, tokens, width});
}

/// Tokens [first, first + taken) of every sequence of `tokens`, to or from sequences of `taken`. Backward (SCATTER) the other tokens get zero.
template<class T, bool SCATTER> struct SelectElements
{
    const T* x;
    T* y;
    int tokens, first, taken, width;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        i64 row = i / width;
        int column = (int)(i % width);
        float value[N] = {};
        if (SCATTER)
        {
            int token = (int)(row % tokens) - first;
            if (token >= 0 && token < taken)
                loadPacked<N>(value, x + (row / tokens * taken + token) * width + column);
        }
        else
        {
            loadPacked<N>(value, x + (row / taken * tokens + row % taken + first) * width + column);
        }
        storeMoved<N>(y + i, value, accumulate);
    }
};

template<bool SCATTER, class T> DEVICE void selectTokens(
    const T* x, T* y, int tokens, int first, int taken, int width, i64 count, int accumulate)
{
    constexpr int N = Lanes<T>::count;
    bool packs = width % N == 0 && isAligned16(x) && isAligned16(y);
    forEachElement<N>(count, packs, SelectElements<T, SCATTER>{x, y, tokens, first, taken, width, accumulate != 0});
}

constexpr int SampleSumColumns = 32;
constexpr int SampleSumGroups = 8;

/// total[column] (+)= sum over samples of x[sample * step + column]: eight groups of samples a block, added in order.
template<class T> DEVICE void sumSamples(const T* x, float* total, int samples, i64 step, int columns, int accumulate)
{
    __shared__ float partial[SampleSumGroups][SampleSumColumns];
    int column = (int)(blockIdx.x * SampleSumColumns + threadIdx.x);
    float sum = 0.0f;
    for (int sample = (int)threadIdx.y; sample < samples && column < columns; sample += SampleSumGroups)
        sum += load(x + sample * step + column);
    partial[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y != 0 || column >= columns)
        return;
    sum = accumulate ? total[column] : 0.0f;
    for (int group = 0; group < SampleSumGroups; group++)
        sum += partial[group][threadIdx.x];
    total[column] = sum;
}

// maths        patches = the image's squares, each in (row, column, channel) order
// layout       image [samples, high, wide, channels], patches [samples, (high / patch) (wide / patch), patch patch channels]; count: elements
// launch       FlatGeometry(count, type of the patches); f32_bf16 rounds on the way
// determinism  one thread an element
// CPU twin     CpuBackend.Patchify
extern "C" __global__ void __launch_bounds__(256) tokens_patchify_f32(
    const float* image, float* patches, int wide, int channels, int patch, i64 count)
{
    patchify(image, patches, wide, channels, patch, count);
}

extern "C" __global__ void __launch_bounds__(256) tokens_patchify_bf16(
    const bf16* image, bf16* patches, int wide, int channels, int patch, i64 count)
{
    patchify(image, patches, wide, channels, patch, count);
}

extern "C" __global__ void __launch_bounds__(256) tokens_patchify_f32_bf16(
    const float* image, bf16* patches, int wide, int channels, int patch, i64 count)
{
    patchify(image, patches, wide, channels, patch, count);
}

// maths        dimage (+)= dpatches, in the image's order
// layout       as patchify
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.PatchifyGradient
extern "C" __global__ void __launch_bounds__(256) tokens_patchify_gradient_f32(
    const float* dpatches, float* dimage, int wide, int channels, int patch, i64 count, int accumulate)
{
    patchifyGradient(dpatches, dimage, wide, channels, patch, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) tokens_patchify_gradient_bf16(
    const bf16* dpatches, bf16* dimage, int wide, int channels, int patch, i64 count, int accumulate)
{
    patchifyGradient(dpatches, dimage, wide, channels, patch, count, accumulate);
}

// maths        y[token] = (class token, where present, before the patches)[token] + positions[token]
// layout       patches [samples, tokens less the class token, width], classToken [width] or absent, positions [tokens, width],
//              y [samples, tokens, width]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.AssembleTokens
extern "C" __global__ void __launch_bounds__(256) tokens_assemble_f32(
    const float* patches, const float* classToken, const float* positions, float* y, int tokens, int width, i64 count)
{
    assembleTokens(patches, classToken, positions, y, tokens, width, count);
}

extern "C" __global__ void __launch_bounds__(256) tokens_assemble_bf16(
    const bf16* patches, const float* classToken, const float* positions, bf16* y, int tokens, int width, i64 count)
{
    assembleTokens(patches, classToken, positions, y, tokens, width, count);
}

// maths        y (+)= tokens first .. first + taken - 1 of every sequence
// layout       x [samples, tokens, width], y [samples, taken, width]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.SelectFirstToken, CpuBackend.AssembleTokensGradient
extern "C" __global__ void __launch_bounds__(256) tokens_select_f32(
    const float* x, float* y, int tokens, int first, int taken, int width, i64 count, int accumulate)
{
    selectTokens<false>(x, y, tokens, first, taken, width, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) tokens_select_bf16(
    const bf16* x, bf16* y, int tokens, int first, int taken, int width, i64 count, int accumulate)
{
    selectTokens<false>(x, y, tokens, first, taken, width, count, accumulate);
}

// maths        dx (+)= dy in tokens first .. first + taken - 1 of every sequence, 0 in the others
// layout       dy [samples, taken, width], dx [samples, tokens, width]; count: elements of dx
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.SelectFirstTokenGradient
extern "C" __global__ void __launch_bounds__(256) tokens_select_gradient_f32(
    const float* dy, float* dx, int tokens, int first, int taken, int width, i64 count, int accumulate)
{
    selectTokens<true>(dy, dx, tokens, first, taken, width, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) tokens_select_gradient_bf16(
    const bf16* dy, bf16* dx, int tokens, int first, int taken, int width, i64 count, int accumulate)
{
    selectTokens<true>(dy, dx, tokens, first, taken, width, count, accumulate);
}

// maths        total[c] (+)= sum over samples of x[sample, c], for the gradients of class token and positions
// layout       x [samples] rows `step` elements apart, total [columns]
// launch       grid columns / 32 rounded up, block (32, 8)
// determinism  every eighth sample in order, then the eight groups in order
// CPU twin     CpuBackend.AssembleTokensGradient
extern "C" __global__ void __launch_bounds__(256) tokens_sum_samples_f32(
    const float* x, float* total, int samples, i64 step, int columns, int accumulate)
{
    sumSamples(x, total, samples, step, columns, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) tokens_sum_samples_bf16(
    const bf16* x, float* total, int samples, i64 step, int columns, int accumulate)
{
    sumSamples(x, total, samples, step, columns, accumulate);
}
