// Softmax of one row of logits by one block, for losses and uncertainties. In double: a loss is a small difference of logarithms, and
// beside the model these rows cost nothing. The maximum is taken off first, so nothing overflows.

constexpr int SoftmaxThreads = 128;
constexpr int SoftmaxWarps = SoftmaxThreads / WarpLanes;

/// Shared memory of the reductions of one row. Two reductions that follow each other must not use the same slots without a barrier.
struct SoftmaxSlots
{
    float maximum[SoftmaxWarps];
    double sum[SoftmaxWarps];
};

/// What turns a logit of the row into its probability or the logarithm of it.
struct RowSoftmax
{
    double maximum, logSum, temperature;

    DEVICE double logProbability(float logit) const { return ((double)logit - maximum) / temperature - logSum; }

    DEVICE double probability(float logit) const { return exp(logProbability(logit)); }
};

/// All threads of the block call this together and get the same result.
DEVICE RowSoftmax rowSoftmax(const float* logits, int classes, float temperature, SoftmaxSlots& slots)
{
    float most = -INFINITY;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        most = Maximum::combine(most, logits[k]);
    RowSoftmax softmax{blockMaximum(most, slots.maximum), 0, temperature};
    double sum = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        sum += exp(softmax.logProbability(logits[k]));
    softmax.logSum = log(blockSum(sum, slots.sum));
    return softmax;
}

/// 0 log 0 = 0: a class masked with minus infinity counts nothing; a NaN passes and shows.
DEVICE double timesLog(double probability, double logarithm) { return probability == 0 ? 0 : probability * logarithm; }

/// destination (+)= value.
DEVICE void storeGradient(float* destination, double value, int accumulate)
{
    *destination = (accumulate ? *destination : 0.0f) + (float)value;
}
