// Means of windows, and a sequence with its mean before it: what CLIP's residual networks have instead of strides and a global mean.

template<class T> struct AveragePoolElements
{
    const T* x;
    T* y;
    int high, wide, channels, outputHigh, outputWide, window;

    template<int N> DEVICE void invoke(i64 i) const
    {
        int channel = (int)(i % channels);
        i64 place = i / channels, row = place / outputWide;
        int column = (int)(place % outputWide);
        const T* corner = x + (((row / outputHigh) * high + row % outputHigh * window) * wide + (i64)column * window) * channels + channel;
        float sum[N] = {};
        for (int r = 0; r < window; r++)
        {
            for (int c = 0; c < window; c++)
            {
                float value[N];
                loadPacked<N>(value, corner + ((i64)r * wide + c) * channels);
#pragma unroll
                for (int k = 0; k < N; k++)
                    sum[k] += value[k];
            }
        }
#pragma unroll
        for (int k = 0; k < N; k++)
            sum[k] *= 1.0f / (float)(window * window);
        storePacked<N>(y + i, sum);
    }
};

template<class T> DEVICE void averagePool(
    const T* x, T* y, int high, int wide, int channels, int outputHigh, int outputWide, int window, i64 count)
{
    constexpr int N = Lanes<T>::count;
    bool packs = channels % N == 0 && isAligned16(x) && isAligned16(y);
    forEachElement<N>(count, packs, AveragePoolElements<T>{x, y, high, wide, channels, outputHigh, outputWide, window});
}

template<class T> struct AveragePoolGradientElements
{
    const T* dy;
    T* dx;
    int high, wide, channels, outputHigh, outputWide, window;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        int channel = (int)(i % channels);
        i64 place = i / channels, line = place / wide, sample = line / high;
        int row = (int)(line % high) / window, column = (int)(place % wide) / window;
        float value[N] = {};
        if (row < outputHigh && column < outputWide)
        {
            loadPacked<N>(value, dy + ((sample * outputHigh + row) * outputWide + column) * channels + channel);
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] *= 1.0f / (float)(window * window);
        }
        storeMoved<N>(dx + i, value, accumulate);
    }
};

template<class T> DEVICE void averagePoolGradient(
    const T* dy, T* dx, int high, int wide, int channels, int outputHigh, int outputWide, int window, i64 count, int accumulate)
{
    constexpr int N = Lanes<T>::count;
    bool packs = channels % N == 0 && isAligned16(dy) && isAligned16(dx);
    forEachElement<N>(
        count, packs, AveragePoolGradientElements<T>{dy, dx, high, wide, channels, outputHigh, outputWide, window, accumulate != 0});
}

/// A thread owns one channel (N of them) of one sequence.
template<class T> struct PrependMeanElements
{
    const T* x;
    T* y;
    int positions, channels;

    template<int N> DEVICE void invoke(i64 i) const
    {
        i64 sample = i / channels;
        int channel = (int)(i % channels);
        const T* source = x + sample * positions * channels + channel;
        T* destination = y + sample * (positions + 1) * channels + channel;
        float sum[N] = {};
        for (int position = 0; position < positions; position++)
        {
            float value[N];
            loadPacked<N>(value, source + (i64)position * channels);
            storePacked<N>(destination + (i64)(position + 1) * channels, value);
#pragma unroll
            for (int k = 0; k < N; k++)
                sum[k] += value[k];
        }
#pragma unroll
        for (int k = 0; k < N; k++)
            sum[k] *= 1.0f / (float)positions;
        storePacked<N>(destination, sum);
    }
};

template<class T> DEVICE void prependMean(const T* x, T* y, int positions, int channels, i64 count)
{
    constexpr int N = Lanes<T>::count;
    bool packs = channels % N == 0 && isAligned16(x) && isAligned16(y);
    forEachElement<N>(count, packs, PrependMeanElements<T>{x, y, positions, channels});
}

template<class T> struct PrependMeanGradientElements
{
    const T* dy;
    T* dx;
    int positions, channels;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        int channel = (int)(i % channels);
        i64 token = i / channels, sample = token / positions;
        const T* first = dy + sample * (positions + 1) * channels + channel;
        float value[N], share[N];
        loadPacked<N>(value, first + (token % positions + 1) * channels);
        loadPacked<N>(share, first);
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] = fmaf(share[k], 1.0f / (float)positions, value[k]);
        storeMoved<N>(dx + i, value, accumulate);
    }
};

template<class T> DEVICE void prependMeanGradient(const T* dy, T* dx, int positions, int channels, i64 count, int accumulate)
{
    constexpr int N = Lanes<T>::count;
    bool packs = channels % N == 0 && isAligned16(dy) && isAligned16(dx);
    forEachElement<N>(count, packs, PrependMeanGradientElements<T>{dy, dx, positions, channels, accumulate != 0});
}

// maths        y = mean over window x window positions; rows and columns left over at the end are dropped
// layout       x [samples, high, wide, channels], y [samples, outputHigh, outputWide, channels]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element, the window in row-major order
// CPU twin     CpuBackend.AveragePool
extern "C" __global__ void __launch_bounds__(256) pool_average_f32(
    const float* x, float* y, int high, int wide, int channels, int outputHigh, int outputWide, int window, i64 count)
{
    averagePool(x, y, high, wide, channels, outputHigh, outputWide, window, count);
}

extern "C" __global__ void __launch_bounds__(256) pool_average_bf16(
    const bf16* x, bf16* y, int high, int wide, int channels, int outputHigh, int outputWide, int window, i64 count)
{
    averagePool(x, y, high, wide, channels, outputHigh, outputWide, window, count);
}

// maths        dx (+)= dy / window^2 of the window a position lies in, 0 where it lies in none
// layout       as pool_average; count: elements of dx
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.AveragePoolGradient
extern "C" __global__ void __launch_bounds__(256) pool_average_gradient_f32(
    const float* dy, float* dx, int high, int wide, int channels, int outputHigh, int outputWide, int window, i64 count, int accumulate)
{
    averagePoolGradient(dy, dx, high, wide, channels, outputHigh, outputWide, window, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) pool_average_gradient_bf16(
    const bf16* dy, bf16* dx, int high, int wide, int channels, int outputHigh, int outputWide, int window, i64 count, int accumulate)
{
    averagePoolGradient(dy, dx, high, wide, channels, outputHigh, outputWide, window, count, accumulate);
}

// maths        y[0] = mean over positions of x, y[1 + p] = x[p]
// layout       x [samples, positions, channels], y [samples, positions + 1, channels]; count: samples x channels
// launch       FlatGeometry(count, type)
// determinism  one thread a channel of a sample, positions in order
// CPU twin     CpuBackend.PrependMean
extern "C" __global__ void __launch_bounds__(256) tokens_prepend_mean_f32(const float* x, float* y, int positions, int channels, i64 count)
{
    prependMean(x, y, positions, channels, count);
}

extern "C" __global__ void __launch_bounds__(256) tokens_prepend_mean_bf16(const bf16* x, bf16* y, int positions, int channels, i64 count)
{
    prependMean(x, y, positions, channels, count);
}

// maths        dx[p] (+)= dy[1 + p] + dy[0] / positions
// layout       dy [samples, positions + 1, channels], dx [samples, positions, channels]; count: elements of dx
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.PrependMeanGradient
extern "C" __global__ void __launch_bounds__(256) tokens_prepend_mean_gradient_f32(
    const float* dy, float* dx, int positions, int channels, i64 count, int accumulate)
{
    prependMeanGradient(dy, dx, positions, channels, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) tokens_prepend_mean_gradient_bf16(
    const bf16* dy, bf16* dx, int positions, int channels, i64 count, int accumulate)
{
    prependMeanGradient(dy, dx, positions, channels, count, accumulate);
}
