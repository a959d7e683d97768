// How sure a model is of its answers: one block a row of logits.

constexpr int WeightOneMinusEntropy = 0;
constexpr int WeightExponentialEntropy = 1;
constexpr int WeightMargin = 2;

/// H(p) / log K of one row, in every thread; 0 for a single class.
DEVICE float normalizedEntropy(const float* logits, int classes, SoftmaxSlots& slots, double* sums)
{
    if (classes == 1)
        return 0;
    RowSoftmax softmax = rowSoftmax(logits, classes, 1, slots);
    double entropy = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
    {
        double logProbability = softmax.logProbability(logits[k]);
        entropy -= timesLog(exp(logProbability), logProbability);
    }
    return (float)(blockSum(entropy, sums) / log((double)classes));
}

/// The two largest of the warp's candidates, in every lane. A NaN stays.
DEVICE void warpTopTwo(double& first, double& second)
{
#pragma unroll
    for (int offset = WarpLanes / 2; offset > 0; offset /= 2)
    {
        double otherFirst = __shfl_xor_sync(FullWarp, first, offset), otherSecond = __shfl_xor_sync(FullWarp, second, offset);
        second = larger(smaller(first, otherFirst), larger(second, otherSecond));
        first = Maximum::combine(first, otherFirst);
    }
}

/// The largest probability less the second largest (0 where there is one class), in the first warp.
DEVICE float margin(const float* logits, int classes, SoftmaxSlots& slots, double* candidates)
{
    RowSoftmax softmax = rowSoftmax(logits, classes, 1, slots);
    double first = 0, second = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
    {
        double p = softmax.probability(logits[k]);
        second = larger(second, smaller(first, p));
        first = Maximum::combine(p, first);
    }
    warpTopTwo(first, second);
    if (laneIndex() == 0)
    {
        candidates[2 * warpIndex()] = first;
        candidates[2 * warpIndex() + 1] = second;
    }
    __syncthreads();
    first = laneIndex() < SoftmaxWarps ? candidates[2 * laneIndex()] : 0;
    second = laneIndex() < SoftmaxWarps ? candidates[2 * laneIndex() + 1] : 0;
    warpTopTwo(first, second);
    return (float)(first - second);
}

// maths        weight of softmax(row): 1 - H / log K, exp(-H / log K), the largest less the second largest probability, or 1
// layout       logits [rows, K], weights [rows]; weighting by the numbers of ConfidenceWeighting
// launch       grid rows, block 128: a block a row
// determinism  a thread's classes in order, then a fixed tree
// CPU twin     CpuBackend.ConfidenceWeights
extern "C" __global__ void __launch_bounds__(128) uncertainty_weights_f32(const float* logits, float* weights, int classes, int weighting)
{
    __shared__ SoftmaxSlots slots;
    __shared__ double sums[2 * SoftmaxWarps];
    logits += (i64)blockIdx.x * classes;
    float weight = 1;
    if (weighting == WeightMargin)
        weight = margin(logits, classes, slots, sums);
    else if (weighting == WeightOneMinusEntropy)
        weight = 1.0f - normalizedEntropy(logits, classes, slots, sums);
    else if (weighting == WeightExponentialEntropy)
        weight = expf(-normalizedEntropy(logits, classes, slots, sums));
    if (threadIdx.x == 0)
        weights[blockIdx.x] = weight;
}

// maths        y = the row of a or b whose softmax has the lower entropy, a's where they are equal
// layout       a, b, y [rows, K]
// launch       grid rows, block 128: a block a row
// determinism  a thread's classes in order, then a fixed tree: equal rows have equal entropies
// CPU twin     CpuBackend.LessUncertain
extern "C" __global__ void __launch_bounds__(128) uncertainty_less_f32(const float* a, const float* b, float* y, int classes)
{
    __shared__ SoftmaxSlots slotsA, slotsB;
    __shared__ double sumsA[SoftmaxWarps], sumsB[SoftmaxWarps];
    i64 offset = (i64)blockIdx.x * classes;
    float entropyA = normalizedEntropy(a + offset, classes, slotsA, sumsA), entropyB = normalizedEntropy(b + offset, classes, slotsB, sumsB);
    const float* chosen = entropyA <= entropyB ? a : b;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        y[offset + k] = chosen[offset + k];
}

// maths        y = log(max(mean over passes of softmax, smallest normal number))
// layout       logits [passes rows, K], pass by pass; y [rows, K], written as the running sum by the thread that owns the class
// launch       grid rows, block 128: a block a row
// determinism  passes in order; a thread's classes in order, then a fixed tree
// CPU twin     CpuBackend.LogMeanSoftmax
extern "C" __global__ void __launch_bounds__(128) uncertainty_log_mean_f32(const float* logits, float* y, int rows, int classes, int passes)
{
    __shared__ SoftmaxSlots slots;
    y += (i64)blockIdx.x * classes;
    for (int pass = 0; pass < passes; pass++)
    {
        const float* row = logits + ((i64)pass * rows + blockIdx.x) * classes;
        RowSoftmax softmax = rowSoftmax(row, classes, 1, slots);
        for (int k = threadIdx.x; k < classes; k += blockDim.x)
            y[k] = (pass == 0 ? 0 : y[k]) + (float)softmax.probability(row[k]);
    }
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        y[k] = logf(larger(y[k] / passes, 1.17549435e-38f));
}
