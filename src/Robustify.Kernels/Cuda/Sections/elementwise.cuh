// Sums, copies, conversions and scaling of flat ranges. All of them: any grid of one-dimensional blocks (256 threads), every element
// computed by one thread alone, so the result depends on no order.

template<class T> struct AddElements
{
    const T* a;
    const T* b;
    T* y;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float left[N], right[N];
        loadPacked<N>(left, a + i);
        loadPacked<N>(right, b + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            left[k] += right[k];
        storePacked<N>(y + i, left);
    }
};

template<class T> DEVICE void addElements(const T* a, const T* b, T* y, i64 count)
{
    bool wide = isAligned16(a) && isAligned16(b) && isAligned16(y);
    forEachElement<Lanes<T>::count>(count, wide, AddElements<T>{a, b, y});
}

template<class TSource, class TDestination> struct ConvertElements
{
    const TSource* x;
    TDestination* y;
    bool accumulate;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N], before[N];
        loadPacked<N>(value, x + i);
        if (accumulate)
        {
            loadPacked<N>(before, y + i);
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] += before[k];
        }
        storePacked<N>(y + i, value);
    }
};

template<class TSource, class TDestination> DEVICE void convertElements(const TSource* x, TDestination* y, i64 count, int accumulate)
{
    // The narrower type fills 16 bytes; the other is accessed in several.
    constexpr int N = Lanes<TSource>::count > Lanes<TDestination>::count ? Lanes<TSource>::count : Lanes<TDestination>::count;
    forEachElement<N>(count, isAligned16(x) && isAligned16(y), ConvertElements<TSource, TDestination>{x, y, accumulate != 0});
}

struct ScaleElements
{
    float* x;
    float factor;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N];
        loadPacked<N>(value, x + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] *= factor;
        storePacked<N>(x + i, value);
    }
};

// maths        y = a + b
// layout       flat [count]; y may be a or b
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.Add
extern "C" __global__ void __launch_bounds__(256) elementwise_add_f32(const float* a, const float* b, float* y, i64 count)
{
    addElements(a, b, y, count);
}

extern "C" __global__ void __launch_bounds__(256) elementwise_add_bf16(const bf16* a, const bf16* b, bf16* y, i64 count)
{
    addElements(a, b, y, count);
}

// maths        y (+)= x, rounded to y's type
// layout       flat [count]; named by the types of x and y
// launch       FlatGeometry(count, the narrower type)
// determinism  one thread an element
// CPU twin     CpuBackend.Copy, CpuBackend.Cast
extern "C" __global__ void __launch_bounds__(256) elementwise_copy_f32(const float* x, float* y, i64 count, int accumulate)
{
    convertElements(x, y, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) elementwise_copy_bf16(const bf16* x, bf16* y, i64 count, int accumulate)
{
    convertElements(x, y, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) elementwise_cast_f32_bf16(const float* x, bf16* y, i64 count, int accumulate)
{
    convertElements(x, y, count, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) elementwise_cast_bf16_f32(const bf16* x, float* y, i64 count, int accumulate)
{
    convertElements(x, y, count, accumulate);
}

// maths        x *= factor
// layout       flat [count]
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     CpuBackend.Scale
extern "C" __global__ void __launch_bounds__(256) elementwise_scale_f32(float* x, float factor, i64 count)
{
    forEachElement<Lanes<float>::count>(count, isAligned16(x), ScaleElements{x, factor});
}
