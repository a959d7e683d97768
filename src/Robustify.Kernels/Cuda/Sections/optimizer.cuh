// The end of a step over flat ranges of float32: the global norm of the gradients, clipping by it, SGD and AdamW. What changes between
// steps is read from device memory, so that a captured step bakes nothing in; the norm stays there, and a step whose gradients are not
// finite changes nothing.

constexpr int SquaresThreads = 256;

DEVICE bool isFinite(double value) { return value - value == 0; }

/// Whether a step may be taken: the sum is absent or finite.
DEVICE bool mayStep(const double* sum) { return !sum || isFinite(*sum); }

struct SquareElements
{
    const float* x;
    double* total;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N];
        loadPacked<N>(value, x + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            *total += (double)value[k] * value[k];
    }
};

struct SgdElements
{
    float* x;
    const float* gradient;
    float* velocity;
    float rate, momentum, gradientShare, weightDecay;
    bool nesterov, firstStep;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N], g[N], v[N];
        loadPacked<N>(value, x + i);
        loadPacked<N>(g, gradient + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            g[k] += weightDecay * value[k];
        if (velocity)
        {
            if (!firstStep)
                loadPacked<N>(v, velocity + i);
#pragma unroll
            for (int k = 0; k < N; k++)
                v[k] = firstStep ? g[k] : momentum * v[k] + gradientShare * g[k];
            storePacked<N>(velocity + i, v);
#pragma unroll
            for (int k = 0; k < N; k++)
                g[k] = nesterov ? g[k] + momentum * v[k] : v[k];
        }
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] -= rate * g[k];
        storePacked<N>(x + i, value);
    }
};

struct AdamWElements
{
    float* x;
    const float* gradient;
    float* firstMoment;
    float* secondMoment;
    float beta1, beta2, share1, share2, shrink, stepSize, rootScale, epsilon;

    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N], g[N], m[N], v[N];
        loadPacked<N>(value, x + i);
        loadPacked<N>(g, gradient + i);
        loadPacked<N>(m, firstMoment + i);
        loadPacked<N>(v, secondMoment + i);
#pragma unroll
        for (int k = 0; k < N; k++)
        {
            m[k] = beta1 * m[k] + share1 * g[k];
            v[k] = beta2 * v[k] + share2 * (g[k] * g[k]);
            value[k] = value[k] * shrink + stepSize * (m[k] / (sqrtf(v[k]) * rootScale + epsilon));
        }
        storePacked<N>(firstMoment + i, m);
        storePacked<N>(secondMoment + i, v);
        storePacked<N>(x + i, value);
    }
};

// maths        partial[block] = the block's share of sum x²; the product of two floats is exact in double
// layout       x flat [count], partial [blocks]
// launch       grid SquareBlocks(count), which depends on the count alone, block 256
// determinism  a thread's elements in order, then a fixed tree
// CPU twin     CpuBackend.SumOfSquares
extern "C" __global__ void __launch_bounds__(256) optimizer_squares_f32(const float* x, double* partial, i64 count)
{
    __shared__ double slots[SquaresThreads / WarpLanes];
    double total = 0;
    forEachElement<Lanes<float>::count>(count, isAligned16(x), SquareElements{x, &total});
    total = blockSum(total, slots);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = total;
}

// maths        sum (+)= sum of partial; a sum that is not finite stays
// layout       partial [blocks], sum [1]
// launch       grid 1, block 256
// determinism  a thread's blocks in order, then a fixed tree
// CPU twin     CpuBackend.SumOfSquares
extern "C" __global__ void __launch_bounds__(256) optimizer_squares_total_f32(const double* partial, double* sum, int blocks, int accumulate)
{
    __shared__ double slots[SquaresThreads / WarpLanes];
    double total = 0;
    for (int block = threadIdx.x; block < blocks; block += blockDim.x)
        total += partial[block];
    total = blockSum(total, slots);
    if (threadIdx.x == 0 && isFinite(*sum))
        *sum = total + (accumulate ? *sum : 0);
}

// maths        x *= min(1, maximumNorm / (sqrt(sum) + 1e-6)); nothing where the sum is not finite
// layout       x flat [count], sum [1]
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     CpuBackend.ClipToNorm
extern "C" __global__ void __launch_bounds__(256) optimizer_clip_f32(float* x, const double* sum, float maximumNorm, i64 count)
{
    double factor = maximumNorm / (sqrt(*sum) + 1e-6);
    if (isFinite(*sum) && factor < 1)
        forEachElement<Lanes<float>::count>(count, isAligned16(x), ScaleElements{x, (float)factor});
}

// maths        g += decay x; v = momentum v + (1 - dampening) g, or g at the first step; x -= rate (nesterov ? g + momentum v : v)
// layout       x, gradient, velocity (absent without momentum) flat [count]; constants: OptimizerConstants; sum [1] or absent
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     CpuBackend.SgdStep
extern "C" __global__ void __launch_bounds__(256) optimizer_sgd_f32(
    float* x, const float* gradient, float* velocity, const float* constants, const double* sum, i64 count, float momentum,
    float gradientShare, float weightDecay, int nesterov)
{
    if (!mayStep(sum))
        return;
    bool wide = isAligned16(x) && isAligned16(gradient) && isAligned16(velocity);
    SgdElements elements{x, gradient, velocity, constants[0], momentum, gradientShare, weightDecay, nesterov != 0, constants[3] != 0};
    forEachElement<Lanes<float>::count>(count, wide, elements);
}

// maths        x *= 1 - rate decay; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²; x += stepSize m / (sqrt(v) rootScale + epsilon)
// layout       x, gradient, firstMoment, secondMoment flat [count]; constants: OptimizerConstants; sum [1] or absent
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     CpuBackend.AdamWStep
extern "C" __global__ void __launch_bounds__(256) optimizer_adamw_f32(
    float* x, const float* gradient, float* firstMoment, float* secondMoment, const float* constants, const double* sum, i64 count,
    float beta1, float beta2, float share1, float share2, float weightDecay, float epsilon)
{
    if (!mayStep(sum))
        return;
    bool wide = isAligned16(x) && isAligned16(gradient) && isAligned16(firstMoment) && isAligned16(secondMoment);
    float shrink = (float)(1.0 - (double)constants[0] * weightDecay);
    AdamWElements elements{
        x, gradient, firstMoment, secondMoment, beta1, beta2, share1, share2, shrink, constants[1], constants[2], epsilon};
    forEachElement<Lanes<float>::count>(count, wide, elements);
}
