// Activations of linear layers and their gradients, by the numbering of Backends.Activation; 0 is the identity.

constexpr int ActivationGelu = 1;
constexpr int ActivationQuickGelu = 2;

/// Phi(x), the normal distribution function.
DEVICE float normalCdf(float x) { return 0.5f + 0.5f * erff(x * 0.70710678f); }

DEVICE float quickSigmoid(float x) { return 1.0f / (1.0f + expf(-1.702f * x)); }

/// GELU x Phi(x) with the error function; quick-GELU x sigmoid(1.702 x).
DEVICE float activate(float x, int activation)
{
    if (activation == ActivationGelu)
        return x * normalCdf(x);
    return activation == ActivationQuickGelu ? x * quickSigmoid(x) : x;
}

/// GELU' = Phi(x) + x phi(x); quick-GELU' = s + 1.702 x s (1 - s).
DEVICE float activationDerivative(float x, int activation)
{
    if (activation == ActivationGelu)
        return normalCdf(x) + x * 0.39894228f * expf(-0.5f * x * x);
    if (activation != ActivationQuickGelu)
        return 1.0f;
    float s = quickSigmoid(x);
    return s + 1.702f * x * s * (1.0f - s);
}

template<class T> struct ActivationGradientElements
{
    const T* dy;
    const T* preActivation;
    T* dx;
    int activation;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float gradient[N], pre[N];
        loadPacked<N>(gradient, dy + i);
        loadPacked<N>(pre, preActivation + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            gradient[k] *= activationDerivative(pre[k], activation);
        storePacked<N>(dx + i, gradient);
    }
};

template<class T> DEVICE void activationGradient(const T* dy, const T* preActivation, T* dx, i64 count, int activation)
{
    bool wide = isAligned16(dy) && isAligned16(preActivation) && isAligned16(dx);
    forEachElement<Lanes<T>::count>(count, wide, ActivationGradientElements<T>{dy, preActivation, dx, activation});
}

/// N neighbours of one row, so that one run of the bias goes with them.
template<class T> struct ActivateElements
{
    const T* product;
    const float* bias;
    T* preActivation;
    T* y;
    int columns;
    int activation;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N], shift[N];
        loadPacked<N>(value, product + i);
        if (bias)
        {
            loadPacked<N>(shift, bias + (u32)i % (u32)columns);
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] += shift[k];
        }
        if (preActivation)
        {
            storePacked<N>(preActivation + i, value);
        }
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] = activate(value[k], activation);
        storePacked<N>(y + i, value);
    }
};

template<class T> DEVICE void activateElements(
    const T* product, const float* bias, T* preActivation, T* y, int rows, int columns, int activation)
{
    bool wide = columns % Lanes<T>::count == 0 && isAligned16(product) && isAligned16(bias) && isAligned16(preActivation) && isAligned16(y);
    forEachElement<Lanes<T>::count>(
        (i64)rows * columns, wide, ActivateElements<T>{product, bias, preActivation, y, columns, activation});
}

// maths        pre = product + bias; y = activation(pre). What follows a matrix product where the library's epilogue has not our form.
// layout       product, preActivation (or absent), y [rows, columns]; bias [columns] or absent. preActivation and y may be product.
// launch       FlatGeometry(rows * columns, type)
// determinism  one thread an element
// CPU twin     CpuBackend.Linear's epilogue
extern "C" __global__ void __launch_bounds__(256) activation_forward_f32(
    const float* product, const float* bias, float* preActivation, float* y, int rows, int columns, int activation)
{
    activateElements(product, bias, preActivation, y, rows, columns, activation);
}

extern "C" __global__ void __launch_bounds__(256) activation_forward_bf16(
    const bf16* product, const float* bias, bf16* preActivation, bf16* y, int rows, int columns, int activation)
{
    activateElements(product, bias, preActivation, y, rows, columns, activation);
}

// maths        dx = dy activation'(preActivation)
// layout       flat [count]; dx may be dy
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.ActivationGradient
extern "C" __global__ void __launch_bounds__(256) activation_gradient_f32(
    const float* dy, const float* preActivation, float* dx, i64 count, int activation)
{
    activationGradient(dy, preActivation, dx, count, activation);
}

extern "C" __global__ void __launch_bounds__(256) activation_gradient_bf16(
    const bf16* dy, const bf16* preActivation, bf16* dx, i64 count, int activation)
{
    activationGradient(dy, preActivation, dx, count, activation);
}
