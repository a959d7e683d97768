// Losses over rows of logits: a block a row writes the row's loss (double) and the gradient of its logits; loss_total adds the rows.

/// Rows of dlogits outside of the loss's range get zero where nothing is to be added.
DEVICE void clearRow(float* gradient, int classes, int accumulate)
{
    if (accumulate)
        return;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
        gradient[k] = 0;
}

// maths        loss (+)= scale / count * sum of rowLosses
// layout       rowLosses [rows], loss [1]
// launch       grid 1, block 128
// determinism  a thread's rows in order, then a fixed tree
// CPU twin     CpuBackend.FinishLoss
extern "C" __global__ void __launch_bounds__(128) loss_total_f32(
    const double* rowLosses, float* loss, int rows, float scale, int count, int accumulate)
{
    __shared__ double slots[SoftmaxWarps];
    double sum = 0;
    for (int row = threadIdx.x; row < rows; row += blockDim.x)
        sum += rowLosses[row];
    sum = blockSum(sum, slots);
    if (threadIdx.x == 0)
        *loss = (float)(sum * ((double)scale / count) + (accumulate ? *loss : 0));
}

// maths        rowLoss = -(1 - s) log p[label] - s / K sum log p; dlogits (+)= scale / rows (p - (1 - s) onehot - s / K), p = softmax(logits).
//              A label outside 0..K-1 makes its row's loss and gradient NaN, so that the step is seen to have failed.
// layout       logits, dlogits [N, K]; labels [rows] and rowLosses [rows] for rows firstRow .. firstRow + rows
// launch       grid N, block 128: a block a row
// determinism  a thread's classes in order, then a fixed tree
// CPU twin     CpuBackend.CrossEntropy
extern "C" __global__ void __launch_bounds__(128) loss_cross_entropy_f32(
    const float* logits, const int* labels, double* rowLosses, float* dlogits, int firstRow, int rows, int classes, float smoothing,
    float scale, int accumulate)
{
    __shared__ SoftmaxSlots slots;
    __shared__ double logSums[SoftmaxWarps];
    i64 offset = (i64)blockIdx.x * classes;
    int row = (int)blockIdx.x - firstRow;
    if (row < 0 || row >= rows)
    {
        clearRow(dlogits + offset, classes, accumulate);
        return;
    }
    logits += offset;
    dlogits += offset;
    int label = labels[row];
    bool known = label >= 0 && label < classes;
    RowSoftmax softmax = rowSoftmax(logits, classes, 1, slots);
    double factor = known ? (double)scale / rows : NAN, share = (double)smoothing / classes, sum = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
    {
        double logProbability = softmax.logProbability(logits[k]);
        sum += logProbability;
        double gradient = exp(logProbability) - share - (k == label ? 1.0 - smoothing : 0.0);
        storeGradient(dlogits + k, factor * gradient, accumulate);
    }
    // Without smoothing no sum: a class masked with minus infinity would turn 0 * infinity into NaN.
    double smooth = smoothing == 0 ? 0 : share * blockSum(sum, logSums);
    if (threadIdx.x == 0)
        rowLosses[row] = known ? -(1.0 - smoothing) * softmax.logProbability(logits[label]) - smooth : NAN;
}

// maths        rowLoss = w tau² KL(q || p), dlogits (+)= scale / rows w tau (p - q); p = softmax(logits / tau), q = softmax(targets / tau)
// layout       logits, dlogits [N, K]; targets [rows, K], weights [rows] or absent, rowLosses [rows] for rows firstRow .. firstRow + rows
// launch       grid N, block 128: a block a row
// determinism  a thread's classes in order, then a fixed tree
// CPU twin     CpuBackend.Distillation
extern "C" __global__ void __launch_bounds__(128) loss_distillation_f32(
    const float* logits, const float* targets, const float* weights, double* rowLosses, float* dlogits, int firstRow, int rows, int classes,
    float temperature, float scale, int accumulate)
{
    __shared__ SoftmaxSlots studentSlots, teacherSlots;
    __shared__ double divergences[SoftmaxWarps];
    i64 offset = (i64)blockIdx.x * classes;
    int row = (int)blockIdx.x - firstRow;
    if (row < 0 || row >= rows)
    {
        clearRow(dlogits + offset, classes, accumulate);
        return;
    }
    logits += offset;
    dlogits += offset;
    targets += (i64)row * classes;
    RowSoftmax student = rowSoftmax(logits, classes, temperature, studentSlots);
    RowSoftmax teacher = rowSoftmax(targets, classes, temperature, teacherSlots);
    double weight = weights ? weights[row] : 1.0f, factor = (double)scale / rows * weight * temperature, divergence = 0;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
    {
        double logStudent = student.logProbability(logits[k]), logTeacher = teacher.logProbability(targets[k]);
        double q = exp(logTeacher);
        divergence += timesLog(q, logTeacher - logStudent);
        storeGradient(dlogits + k, factor * (exp(logStudent) - q), accumulate);
    }
    divergence = blockSum(divergence, divergences);
    if (threadIdx.x == 0)
        rowLosses[row] = weight * temperature * temperature * divergence;
}

/// The three views' softmaxes of one sample and their clamped mixture.
struct MixedViews
{
    const float* logits[3];
    RowSoftmax softmax[3];

    DEVICE double mixture(int k) const
    {
        return (softmax[0].probability(logits[0][k]) + softmax[1].probability(logits[1][k]) + softmax[2].probability(logits[2][k])) / 3;
    }
};

// The reference code clamps the mixture there before its logarithm; no gradient passes where it does.
constexpr double MixtureFloor = 1e-7;

// maths        with M = clamp(mean p_i, 1e-7, 1): sampleLoss = sum_i KL(p_i || M). With g = log p - log M + [M clamped] the gradient of a
//              view's logits is scale / (3 samples) p (g - sum p g), as p_1 + p_2 + p_3 = 3 M where M is not clamped.
// layout       logits, dlogits [3 samples, K], view by view; sampleLosses [samples]
// launch       grid samples, block 128: a block a sample
// determinism  a thread's classes in order, then a fixed tree
// CPU twin     CpuBackend.JensenShannon
extern "C" __global__ void __launch_bounds__(128) loss_jensen_shannon_f32(
    const float* logits, double* sampleLosses, float* dlogits, int samples, int classes, float scale, int accumulate)
{
    __shared__ SoftmaxSlots slots[3];
    __shared__ double divergenceSlots[SoftmaxWarps], meanSlots[3][SoftmaxWarps];
    MixedViews views;
    i64 offsets[3];
#pragma unroll
    for (int view = 0; view < 3; view++)
    {
        offsets[view] = ((i64)view * samples + blockIdx.x) * classes;
        views.logits[view] = logits + offsets[view];
        views.softmax[view] = rowSoftmax(views.logits[view], classes, 1, slots[view]);
    }
    double divergence = 0, means[3] = {};
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
    {
        double mixture = views.mixture(k), logMixture = log(smaller(larger(mixture, MixtureFloor), 1.0));
#pragma unroll
        for (int view = 0; view < 3; view++)
        {
            double logProbability = views.softmax[view].logProbability(views.logits[view][k]), p = exp(logProbability);
            double term = timesLog(p, logProbability - logMixture);
            divergence += term;
            means[view] += term + (mixture < MixtureFloor ? p : 0);
        }
    }
    divergence = blockSum(divergence, divergenceSlots);
#pragma unroll
    for (int view = 0; view < 3; view++)
        means[view] = blockSum(means[view], meanSlots[view]);
    if (threadIdx.x == 0)
        sampleLosses[blockIdx.x] = divergence;
    double factor = (double)scale / samples / 3;
    for (int k = threadIdx.x; k < classes; k += blockDim.x)
    {
        double mixture = views.mixture(k), logMixture = log(smaller(larger(mixture, MixtureFloor), 1.0));
#pragma unroll
        for (int view = 0; view < 3; view++)
        {
            double logProbability = views.softmax[view].logProbability(views.logits[view][k]), p = exp(logProbability);
            double g = (p == 0 ? 0 : logProbability - logMixture) + (mixture < MixtureFloor ? 1 : 0);
            storeGradient(dlogits + offsets[view] + k, factor * p * (g - means[view]), accumulate);
        }
    }
}
