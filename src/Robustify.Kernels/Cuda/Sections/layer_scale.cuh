// Layer scale: one factor for each column, and the residual sum with it.

template<class T> struct LayerScaleElements
{
    const T* x;
    const float* scale;
    const T* residual;
    T* y;
    int columns;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N], factor[N], before[N] = {};
        loadPacked<N>(value, x + i);
        loadPacked<N>(factor, scale + i % columns);
        if (residual)
            loadPacked<N>(before, residual + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] = before[k] + value[k] * factor[k];
        storePacked<N>(y + i, value);
    }
};

template<class T> DEVICE void layerScale(const T* x, const float* scale, const T* residual, T* y, int columns, i64 count)
{
    bool packs = columns % Lanes<T>::count == 0 && isAligned16(x) && isAligned16(scale) && isAligned16(residual) && isAligned16(y);
    forEachElement<Lanes<T>::count>(count, packs, LayerScaleElements<T>{x, scale, residual, y, columns});
}

template<class T> struct LayerScaleRows
{
    const T* dy;
    const T* x;
    int columns;

    template<int N> DEVICE void add(float (&sums)[1][N], int row, int column) const
    {
        float gradient[N], value[N];
        loadPacked<N>(gradient, dy + (i64)row * columns + column);
        loadPacked<N>(value, x + (i64)row * columns + column);
#pragma unroll
        for (int i = 0; i < N; i++)
            sums[0][i] += gradient[i] * value[i];
    }
};

template<class T> DEVICE void layerScaleSums(const T* dy, const T* x, float* partial, int rows, int columns, int wide)
{
    LayerScaleRows<T> row{dy, x, columns};
    if (wide)
        columnSums<1, Lanes<T>::count>(rows, columns, row, partial);
    else
        columnSums<1, 1>(rows, columns, row, partial);
}

// maths        y = residual + x scale
// layout       x, residual (or absent), y [rows, columns]; scale [columns]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.LayerScale
extern "C" __global__ void __launch_bounds__(256) layer_scale_forward_f32(
    const float* x, const float* scale, const float* residual, float* y, int columns, i64 count)
{
    layerScale(x, scale, residual, y, columns, count);
}

extern "C" __global__ void __launch_bounds__(256) layer_scale_forward_bf16(
    const bf16* x, const float* scale, const bf16* residual, bf16* y, int columns, i64 count)
{
    layerScale(x, scale, residual, y, columns, count);
}

// maths        partial[chunk, c] = sum over the chunk's rows of dy x; columns_combine makes dscale
// layout       dy, x [rows, columns]; partial [chunks, columns]
// launch       ColumnGeometry(rows, columns, type, aligned)
// determinism  as columns_sum
// CPU twin     CpuBackend.LayerScaleParameterGradient
extern "C" __global__ void __launch_bounds__(256) layer_scale_sums_f32(const float* dy, const float* x, float* partial, int rows, int columns, int wide)
{
    layerScaleSums(dy, x, partial, rows, columns, wide);
}

extern "C" __global__ void __launch_bounds__(256) layer_scale_sums_bf16(const bf16* dy, const bf16* x, float* partial, int rows, int columns, int wide)
{
    layerScaleSums(dy, x, partial, rows, columns, wide);
}
