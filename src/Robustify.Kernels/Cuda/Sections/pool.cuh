// Maximum over windows and mean over positions, with their gradients. Every result is one thread's alone: gradients gather instead of
// scattering, so no order of threads changes a bit. Images are [samples, high, wide, channels]; N neighbouring channels go together.

template<class T> struct MaxPoolElements
{
    const T* x;
    T* y;
    int* argmax;
    int high, wide, channels, outputHigh, outputWide, kernel, stride, padding;

    /// A value wins that is greater, or NaN: what went wrong upstream must show, as in PyTorch.
    template<int N> DEVICE void invoke(i64 i) const
    {
        int position = (int)(i / channels), channel = (int)(i % channels);
        int top = position / outputWide % outputHigh * stride - padding, left = position % outputWide * stride - padding;
        const T* image = x + (i64)(position / (outputWide * outputHigh)) * high * wide * channels + channel;
        int firstRow = larger(0, top), endRow = smaller(high, top + kernel);
        int firstColumn = larger(0, left), endColumn = smaller(wide, left + kernel);
        float best[N], value[N];
        Packed<int, N> at;
#pragma unroll
        for (int k = 0; k < N; k++)
        {
            best[k] = -INFINITY;
            at.value[k] = firstRow * wide + firstColumn;
        }
        for (int row = firstRow; row < endRow; row++)
        {
            for (int column = firstColumn; column < endColumn; column++)
            {
                int place = row * wide + column;
                loadPacked<N>(value, image + (i64)place * channels);
#pragma unroll
                for (int k = 0; k < N; k++)
                {
                    if (value[k] > best[k] || value[k] != value[k])
                    {
                        best[k] = value[k];
                        at.value[k] = place;
                    }
                }
            }
        }
        storePacked<N>(y + i, best);
        *(Packed<int, N>*)(argmax + i) = at;
    }
};

template<class T> DEVICE void maxPool(
    const T* x, T* y, int* argmax, int high, int wide, int channels, int outputHigh, int outputWide, int kernel, int stride, int padding, i64 count)
{
    bool packs = channels % Lanes<T>::count == 0 && isAligned16(x) && isAligned16(y) && isAligned16(argmax);
    forEachElement<Lanes<T>::count>(
        count, packs, MaxPoolElements<T>{x, y, argmax, high, wide, channels, outputHigh, outputWide, kernel, stride, padding});
}

template<class T> struct MaxPoolGradientElements
{
    const T* dy;
    const int* argmax;
    T* dx;
    int high, wide, channels, outputHigh, outputWide, kernel, stride, padding;
    bool accumulate;

    /// The windows that hold the position, row by row; those whose maximum it was give their gradient.
    template<int N> DEVICE void invoke(i64 i) const
    {
        int position = (int)(i / channels), channel = (int)(i % channels), place = position % (high * wide);
        int row = place / wide + padding, column = place % wide + padding;
        i64 outputs = (i64)(position / (high * wide)) * outputHigh * outputWide;
        int firstRow = row < kernel ? 0 : (row - kernel) / stride + 1, lastRow = smaller(outputHigh - 1, row / stride);
        int firstColumn = column < kernel ? 0 : (column - kernel) / stride + 1, lastColumn = smaller(outputWide - 1, column / stride);
        float sum[N], gradient[N];
#pragma unroll
        for (int k = 0; k < N; k++)
            sum[k] = 0.0f;
        if (accumulate)
            loadPacked<N>(sum, dx + i);
        for (int r = firstRow; r <= lastRow; r++)
        {
            for (int c = firstColumn; c <= lastColumn; c++)
            {
                i64 output = (outputs + r * outputWide + c) * channels + channel;
                const Packed<int, N> at = *(const Packed<int, N>*)(argmax + output);
                loadPacked<N>(gradient, dy + output);
#pragma unroll
                for (int k = 0; k < N; k++)
                    sum[k] += at.value[k] == place ? gradient[k] : 0.0f;
            }
        }
        storePacked<N>(dx + i, sum);
    }
};

template<class T> DEVICE void maxPoolGradient(
    const T* dy, const int* argmax, T* dx, int high, int wide, int channels, int outputHigh, int outputWide, int kernel, int stride, int padding,
    i64 count, int accumulate)
{
    bool packs = channels % Lanes<T>::count == 0 && isAligned16(dy) && isAligned16(argmax) && isAligned16(dx);
    forEachElement<Lanes<T>::count>(
        count, packs,
        MaxPoolGradientElements<T>{dy, argmax, dx, high, wide, channels, outputHigh, outputWide, kernel, stride, padding, accumulate != 0});
}

template<class T> struct MeanPoolElements
{
    const T* x;
    T* y;
    int positions, channels, skip;

    template<int N> DEVICE void invoke(i64 i) const
    {
        const T* from = x + (i / channels) * positions * channels + i % channels;
        float sum[N] = {}, value[N];
        for (int position = skip; position < positions; position++)
        {
            loadPacked<N>(value, from + (i64)position * channels);
#pragma unroll
            for (int k = 0; k < N; k++)
                sum[k] += value[k];
        }
#pragma unroll
        for (int k = 0; k < N; k++)
            sum[k] *= 1.0f / (float)(positions - skip);
        storePacked<N>(y + i, sum);
    }
};

template<class T> DEVICE void meanPool(const T* x, T* y, int positions, int channels, int skip, i64 count)
{
    bool packs = channels % Lanes<T>::count == 0 && isAligned16(x) && isAligned16(y);
    forEachElement<Lanes<T>::count>(count, packs, MeanPoolElements<T>{x, y, positions, channels, skip});
}

template<class T> struct MeanPoolGradientElements
{
    const T* dy;
    T* dx;
    int positions, channels, skip;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        int position = (int)(i / channels);
        float value[N] = {}, before[N];
        if (position % positions >= skip)
        {
            loadPacked<N>(value, dy + (i64)(position / positions) * channels + i % channels);
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] *= 1.0f / (float)(positions - skip);
        }
        if (accumulate)
        {
            loadPacked<N>(before, dx + i);
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] += before[k];
        }
        storePacked<N>(dx + i, value);
    }
};

template<class T> DEVICE void meanPoolGradient(const T* dy, T* dx, int positions, int channels, int skip, i64 count, int accumulate)
{
    bool packs = channels % Lanes<T>::count == 0 && isAligned16(dy) && isAligned16(dx);
    forEachElement<Lanes<T>::count>(count, packs, MeanPoolGradientElements<T>{dy, dx, positions, channels, skip, accumulate != 0});
}

// maths        y = maximum over the window, argmax = its place row * wide + column in the image; padding never wins, ties go to the first
// layout       x [samples, high, wide, channels], y and argmax [samples, outputHigh, outputWide, channels]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.MaxPool
extern "C" __global__ void __launch_bounds__(256) pool_max_f32(
    const float* x, float* y, int* argmax, int high, int wide, int channels, int outputHigh, int outputWide, int kernel, int stride, int padding,
    i64 count)
{
    maxPool(x, y, argmax, high, wide, channels, outputHigh, outputWide, kernel, stride, padding, count);
}

extern "C" __global__ void __launch_bounds__(256) pool_max_bf16(
    const bf16* x, bf16* y, int* argmax, int high, int wide, int channels, int outputHigh, int outputWide, int kernel, int stride, int padding,
    i64 count)
{
    maxPool(x, y, argmax, high, wide, channels, outputHigh, outputWide, kernel, stride, padding, count);
}

// maths        dx (+)= sum of dy over the windows whose maximum lay here
// layout       dy and argmax [samples, outputHigh, outputWide, channels], dx [samples, high, wide, channels]; count: elements of dx
// launch       FlatGeometry(count, type)
// determinism  one thread an element, windows in row-major order
// CPU twin     CpuBackend.MaxPoolGradient
extern "C" __global__ void __launch_bounds__(256) pool_max_gradient_f32(
    const float* dy, const int* argmax, float* dx, int high, int wide, int channels, int outputHigh, int outputWide, int kernel, int stride,
    int padding, i64 count, int accumulate)
{
    maxPoolGradient(dy, argmax, dx, high, wide, channels, outputHigh, outputWide, kernel, stride, padding, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) pool_max_gradient_bf16(
    const bf16* dy, const int* argmax, bf16* dx, int high, int wide, int channels, int outputHigh, int outputWide, int kernel, int stride,
    int padding, i64 count, int accumulate)
{
    maxPoolGradient(dy, argmax, dx, high, wide, channels, outputHigh, outputWide, kernel, stride, padding, count, accumulate);
}

// maths        y = mean over positions from skip on
// layout       x [samples, positions, channels], y [samples, channels]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element, positions in order
// CPU twin     CpuBackend.MeanPool
extern "C" __global__ void __launch_bounds__(256) pool_mean_f32(const float* x, float* y, int positions, int channels, int skip, i64 count)
{
    meanPool(x, y, positions, channels, skip, count);
}

extern "C" __global__ void __launch_bounds__(256) pool_mean_bf16(const bf16* x, bf16* y, int positions, int channels, int skip, i64 count)
{
    meanPool(x, y, positions, channels, skip, count);
}

// maths        dx (+)= dy / (positions - skip) from skip on, 0 before
// layout       dy [samples, channels], dx [samples, positions, channels]; count: elements of dx
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.MeanPoolGradient
extern "C" __global__ void __launch_bounds__(256) pool_mean_gradient_f32(
    const float* dy, float* dx, int positions, int channels, int skip, i64 count, int accumulate)
{
    meanPoolGradient(dy, dx, positions, channels, skip, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) pool_mean_gradient_bf16(
    const bf16* dy, bf16* dx, int positions, int channels, int skip, i64 count, int accumulate)
{
    meanPoolGradient(dy, dx, positions, channels, skip, count, accumulate);
}
