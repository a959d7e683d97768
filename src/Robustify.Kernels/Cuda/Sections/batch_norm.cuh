// Batch normalisation over the rows of an image tensor [rows, channels], with the residual addition and the ReLU that follow it in ResNets.
// Everything is per column, so blocks are those of columns.cuh.

/// Mean and centred squares of one channel over a chunk of rows: sums of x - pivot and of its square, with the chunk's first row as the
/// pivot, which lies within the data, so nothing cancels (Chan, Golub and LeVeque, 1983, "shifted data").
template<class T> struct ShiftedMomentRows
{
    const T* x;
    int channels;
    int firstRow;

    template<int N> DEVICE void add(float (&sums)[2][N], int row, int channel) const
    {
        float value[N], pivot[N];
        loadPacked<N>(value, x + (i64)row * channels + channel);
        loadPacked<N>(pivot, x + (i64)firstRow * channels + channel);
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            float shifted = value[i] - pivot[i];
            sums[0][i] += shifted;
            sums[1][i] += shifted * shifted;
        }
    }
};

template<class T> DEVICE void batchNormMoments(const T* x, float* partial, int rows, int channels, int wide)
{
    ShiftedMomentRows<T> row{x, channels, chunkFirst(rows)};
    if (wide)
        columnSums<2, Lanes<T>::count>(rows, channels, row, partial);
    else
        columnSums<2, 1>(rows, channels, row, partial);
}

/// The statistics of one channel from the shifted sums of all chunks. The chunks are merged about the mean of all rows (Chan et al.,
/// equation 2.1) in double; every row group gets the result.
template<class T> DEVICE void mergeMoments(
    const T* x, const float* partial, int rows, int channels, int chunks, int channel, double* slots, double& mean, double& variance)
{
    const float* squares = partial + (i64)chunks * channels;
    double weighted = 0;
    if (channel < channels)
        for (int chunk = threadIdx.y; chunk < chunks; chunk += blockDim.y)
        {
            int first = chunkFirst(rows, chunk, chunks), length = chunkFirst(rows, chunk + 1, chunks) - first;
            weighted += (double)length * load(x + (i64)first * channels + channel) + partial[(i64)chunk * channels + channel];
        }
    mean = sumRowGroups(weighted, slots) / rows;
    double centred = 0;
    if (channel < channels)
        for (int chunk = threadIdx.y; chunk < chunks; chunk += blockDim.y)
        {
            int first = chunkFirst(rows, chunk, chunks), length = chunkFirst(rows, chunk + 1, chunks) - first;
            double sum = partial[(i64)chunk * channels + channel];
            double offset = load(x + (i64)first * channels + channel) + sum / length - mean;
            centred += squares[(i64)chunk * channels + channel] - sum * sum / length + length * offset * offset;
        }
    variance = sumRowGroups(centred, slots + ColumnThreads) / rows;
}

template<class T> DEVICE void batchNormStatistics(
    const T* x, const float* partial, float* mean, float* reciprocalDeviation, float* runningMean, float* runningVariance, int rows,
    int channels, int chunks, float epsilon, float momentum)
{
    __shared__ double slots[2 * ColumnThreads];
    int channel = tileColumn(1);
    double batchMean, batchVariance;
    mergeMoments(x, partial, rows, channels, chunks, channel, slots, batchMean, batchVariance);
    if (threadIdx.y != 0 || channel >= channels)
        return;
    // A single row has no unbiased variance; its biased one, zero, is taken instead of dividing by zero.
    double unbiased = batchVariance * rows / larger(1, rows - 1);
    mean[channel] = (float)batchMean;
    reciprocalDeviation[channel] = (float)(1.0 / sqrt(larger(batchVariance, 0.0) + epsilon));
    runningMean[channel] = (float)((1.0 - momentum) * runningMean[channel] + momentum * batchMean);
    runningVariance[channel] = (float)((1.0 - momentum) * runningVariance[channel] + momentum * unbiased);
}

/// y = (x - mean) rstd gamma + beta (+ residual), ReLU. A thread keeps its channels' constants over the rows of its chunk. The mean is
/// subtracted first, so that a channel far from zero keeps its digits; ReLU lets NaN through.
template<int N, class T> DEVICE void normalizeChannels(
    const T* x, const float* gamma, const float* beta, const T* residual, T* y, const float* mean, const float* reciprocalDeviation,
    int rows, int channels, bool relu)
{
    int channel = tileColumn(N), end = chunkEnd(rows);
    if (channel >= channels)
        return;
    float scale[N], shift[N], centre[N], reciprocal[N];
    loadPacked<N>(scale, gamma + channel);
    loadPacked<N>(shift, beta + channel);
    loadPacked<N>(centre, mean + channel);
    loadPacked<N>(reciprocal, reciprocalDeviation + channel);
#pragma unroll
    for (int i = 0; i < N; i++)
        scale[i] *= reciprocal[i];
    for (int row = chunkFirst(rows) + (int)threadIdx.y; row < end; row += blockDim.y)
    {
        i64 offset = (i64)row * channels + channel;
        float value[N];
        loadPacked<N>(value, x + offset);
#pragma unroll
        for (int i = 0; i < N; i++)
            value[i] = (value[i] - centre[i]) * scale[i] + shift[i];
        if (residual)
        {
            float other[N];
            loadPacked<N>(other, residual + offset);
#pragma unroll
            for (int i = 0; i < N; i++)
                value[i] += other[i];
        }
        if (relu)
        {
#pragma unroll
            for (int i = 0; i < N; i++)
                value[i] = value[i] < 0 ? 0 : value[i];
        }
        storePacked<N>(y + offset, value);
    }
}

template<class T> DEVICE void batchNormNormalize(
    const T* x, const float* gamma, const float* beta, const T* residual, T* y, const float* mean, const float* reciprocalDeviation,
    int rows, int channels, int relu, int wide)
{
    if (wide)
        normalizeChannels<Lanes<T>::count>(x, gamma, beta, residual, y, mean, reciprocalDeviation, rows, channels, relu != 0);
    else
        normalizeChannels<1>(x, gamma, beta, residual, y, mean, reciprocalDeviation, rows, channels, relu != 0);
}

/// g = dy where the output is positive; y is absent without ReLU.
template<int N, class T> DEVICE void loadMasked(float (&g)[N], const T* dy, const T* y, i64 offset)
{
    loadPacked<N>(g, dy + offset);
    if (!y)
        return;
    float output[N];
    loadPacked<N>(output, y + offset);
#pragma unroll
    for (int i = 0; i < N; i++)
        g[i] = output[i] > 0 ? g[i] : 0;
}

/// Sums of g and of g (x - mean).
template<class T> struct BatchNormGradientRows
{
    const T* dy;
    const T* x;
    const T* y;
    const float* mean;
    int channels;

    template<int N> DEVICE void add(float (&sums)[2][N], int row, int channel) const
    {
        i64 offset = (i64)row * channels + channel;
        float g[N], value[N], centre[N];
        loadMasked<N>(g, dy, y, offset);
        loadPacked<N>(value, x + offset);
        loadPacked<N>(centre, mean + channel);
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            sums[0][i] += g[i];
            sums[1][i] += g[i] * (value[i] - centre[i]);
        }
    }
};

template<class T> DEVICE void batchNormGradientSums(
    const T* dy, const T* x, const T* y, const float* mean, float* partial, int rows, int channels, int wide)
{
    BatchNormGradientRows<T> row{dy, x, y, mean, channels};
    if (wide)
        columnSums<2, Lanes<T>::count>(rows, channels, row, partial);
    else
        columnSums<2, 1>(rows, channels, row, partial);
}

/// dresidual (+)= g and dx (+)= scale g + slope (x - mean) + shift; either destination may be absent.
template<int N, class T> DEVICE void normalizedInputGradient(
    const T* dy, const T* x, const T* y, const float* mean, const float* coefficients, T* dx, T* dresidual, int rows, int channels,
    bool throughStatistics, bool accumulateInput, bool accumulateResidual)
{
    int channel = tileColumn(N), end = chunkEnd(rows);
    if (channel >= channels)
        return;
    float scale[N], slope[N] = {}, shift[N] = {}, centre[N] = {};
    loadPacked<N>(scale, coefficients + channel);
    if (throughStatistics)
    {
        loadPacked<N>(slope, coefficients + channels + channel);
        loadPacked<N>(shift, coefficients + 2 * (i64)channels + channel);
        loadPacked<N>(centre, mean + channel);
    }
    for (int row = chunkFirst(rows) + (int)threadIdx.y; row < end; row += blockDim.y)
    {
        i64 offset = (i64)row * channels + channel;
        float g[N], value[N], before[N];
        loadMasked<N>(g, dy, y, offset);
        if (dx)
        {
#pragma unroll
            for (int i = 0; i < N; i++)
                value[i] = scale[i] * g[i];
            if (throughStatistics)
            {
                float input[N];
                loadPacked<N>(input, x + offset);
#pragma unroll
                for (int i = 0; i < N; i++)
                    value[i] += (input[i] - centre[i]) * slope[i] + shift[i];
            }
            if (accumulateInput)
            {
                loadPacked<N>(before, dx + offset);
#pragma unroll
                for (int i = 0; i < N; i++)
                    value[i] += before[i];
            }
            storePacked<N>(dx + offset, value);
        }
        if (dresidual)
        {
            if (accumulateResidual)
            {
                loadPacked<N>(before, dresidual + offset);
#pragma unroll
                for (int i = 0; i < N; i++)
                    g[i] += before[i];
            }
            storePacked<N>(dresidual + offset, g);
        }
    }
}

template<class T> DEVICE void batchNormInputGradient(
    const T* dy, const T* x, const T* y, const float* mean, const float* coefficients, T* dx, T* dresidual, int rows, int channels,
    int throughStatistics, int accumulateInput, int accumulateResidual, int wide)
{
    if (wide)
        normalizedInputGradient<Lanes<T>::count>(
            dy, x, y, mean, coefficients, dx, dresidual, rows, channels, throughStatistics != 0, accumulateInput != 0, accumulateResidual != 0);
    else
        normalizedInputGradient<1>(
            dy, x, y, mean, coefficients, dx, dresidual, rows, channels, throughStatistics != 0, accumulateInput != 0, accumulateResidual != 0);
}

// maths        partial[0, chunk, c] = sum of x - p over the chunk's rows, partial[1, chunk, c] of its square, p the chunk's first row
// layout       x [rows, channels], partial [2, chunks, channels]
// launch       ColumnGeometry(rows, channels, type, aligned)
// determinism  as columns_sum
// CPU twin     ChunkMoments
extern "C" __global__ void __launch_bounds__(256) batchnorm_moments_f32(const float* x, float* partial, int rows, int channels, int wide)
{
    batchNormMoments(x, partial, rows, channels, wide);
}

extern "C" __global__ void __launch_bounds__(256) batchnorm_moments_bf16(const bf16* x, float* partial, int rows, int channels, int wide)
{
    batchNormMoments(x, partial, rows, channels, wide);
}

// maths        mean and rstd = 1 / sqrt(variance + epsilon) of each channel; running values move by momentum, to the unbiased variance
// layout       partial [2, chunks, channels] of batchnorm_moments; x for the pivots; the rest [channels]
// launch       grid channels / 32 rounded up, block (32, 8)
// determinism  chunks of a thread in order, then the eight row groups in order, in double
// CPU twin     ChunkMoments.Combine, CpuBackend.BatchNormTraining
extern "C" __global__ void __launch_bounds__(256) batchnorm_statistics_f32(
    const float* x, const float* partial, float* mean, float* reciprocalDeviation, float* runningMean, float* runningVariance, int rows,
    int channels, int chunks, float epsilon, float momentum)
{
    batchNormStatistics(
        x, partial, mean, reciprocalDeviation, runningMean, runningVariance, rows, channels, chunks, epsilon, momentum);
}

extern "C" __global__ void __launch_bounds__(256) batchnorm_statistics_bf16(
    const bf16* x, const float* partial, float* mean, float* reciprocalDeviation, float* runningMean, float* runningVariance, int rows,
    int channels, int chunks, float epsilon, float momentum)
{
    batchNormStatistics(
        x, partial, mean, reciprocalDeviation, runningMean, runningVariance, rows, channels, chunks, epsilon, momentum);
}

// maths        mean = runningMean, rstd = 1 / sqrt(runningVariance + epsilon)
// layout       all [channels]
// launch       FlatGeometry(channels, Float32)
// determinism  one thread a channel
// CPU twin     CpuBackend.BatchNormInference
extern "C" __global__ void __launch_bounds__(256) batchnorm_running_f32(
    const float* runningMean, const float* runningVariance, float* mean, float* reciprocalDeviation, int channels, float epsilon)
{
    for (i64 channel = globalThread(); channel < channels; channel += globalThreads())
    {
        mean[channel] = runningMean[channel];
        reciprocalDeviation[channel] = (float)(1.0 / sqrt((double)runningVariance[channel] + epsilon));
    }
}

// maths        y = (x - mean) rstd gamma + beta, then + residual, then max(0, .) where asked
// layout       x, residual (or absent), y [rows, channels]; the rest [channels]
// launch       ColumnGeometry(rows, channels, type, aligned)
// determinism  one thread an element
// CPU twin     ChunkNormalize
extern "C" __global__ void __launch_bounds__(256) batchnorm_normalize_f32(
    const float* x, const float* gamma, const float* beta, const float* residual, float* y, const float* mean,
    const float* reciprocalDeviation, int rows, int channels, int relu, int wide)
{
    batchNormNormalize(x, gamma, beta, residual, y, mean, reciprocalDeviation, rows, channels, relu, wide);
}

extern "C" __global__ void __launch_bounds__(256) batchnorm_normalize_bf16(
    const bf16* x, const float* gamma, const float* beta, const bf16* residual, bf16* y, const float* mean,
    const float* reciprocalDeviation, int rows, int channels, int relu, int wide)
{
    batchNormNormalize(x, gamma, beta, residual, y, mean, reciprocalDeviation, rows, channels, relu, wide);
}

// maths        with g = dy [y > 0 or no ReLU]: partial[0, chunk, c] = sum of g, partial[1, chunk, c] = sum of g (x - mean)
// layout       dy, x, y (absent without ReLU) [rows, channels]; mean [channels]; partial [2, chunks, channels]
// launch       ColumnGeometry(rows, channels, type, aligned)
// determinism  as columns_sum
// CPU twin     ChunkGradientSums
extern "C" __global__ void __launch_bounds__(256) batchnorm_gradient_sums_f32(
    const float* dy, const float* x, const float* y, const float* mean, float* partial, int rows, int channels, int wide)
{
    batchNormGradientSums(dy, x, y, mean, partial, rows, channels, wide);
}

extern "C" __global__ void __launch_bounds__(256) batchnorm_gradient_sums_bf16(
    const bf16* dy, const bf16* x, const bf16* y, const float* mean, float* partial, int rows, int channels, int wide)
{
    batchNormGradientSums(dy, x, y, mean, partial, rows, channels, wide);
}

// maths        dgamma = rstd sum g (x - mean), dbeta = sum g; coefficients of dx: scale = gamma rstd, slope = -scale rstd² sum g (x - mean) / n,
//              shift = -scale sum g / n (Ioffe and Szegedy, arXiv 1502.03167, section 3)
// layout       partial [2, chunks, channels]; coefficients [3, channels]; dgamma, dbeta (each may be absent) and the rest [channels].
//              chunks 0: no sums were asked for, only the scale is written.
// launch       grid channels / 32 rounded up, block (32, 8)
// determinism  chunks of a thread in order, then the eight row groups in order, in double
// CPU twin     CpuBackend.BatchNormGradient
extern "C" __global__ void __launch_bounds__(256) batchnorm_gradient_coefficients_f32(
    const float* partial, const float* gamma, const float* reciprocalDeviation, float* coefficients, float* dgamma, float* dbeta, int rows,
    int channels, int chunks)
{
    __shared__ double slots[2 * ColumnThreads];
    int channel = tileColumn(1);
    bool inside = channel < channels;
    double sum = inside ? groupPartial(partial, chunks, channels, channel) : 0;
    double product = inside ? groupPartial(partial + (i64)chunks * channels, chunks, channels, channel) : 0;
    sum = sumRowGroups(sum, slots);
    product = sumRowGroups(product, slots + ColumnThreads);
    if (threadIdx.y != 0 || !inside)
        return;
    double reciprocal = reciprocalDeviation[channel], factor = gamma[channel] * reciprocal;
    coefficients[channel] = (float)factor;
    if (chunks == 0)
        return;
    coefficients[channels + channel] = (float)(-factor * reciprocal * reciprocal * product / rows);
    coefficients[2 * channels + channel] = (float)(-factor * sum / rows);
    if (dgamma)
        dgamma[channel] = (float)(product * reciprocal);
    if (dbeta)
        dbeta[channel] = (float)sum;
}

// maths        dresidual (+)= g; dx (+)= scale g, and through the statistics + slope (x - mean) + shift
// layout       dy, x, y (absent without ReLU), dx, dresidual (each may be absent) [rows, channels]; coefficients [3, channels]; mean [channels]
// launch       ColumnGeometry(rows, channels, type, aligned)
// determinism  one thread an element
// CPU twin     ChunkInputGradient
extern "C" __global__ void __launch_bounds__(256) batchnorm_input_gradient_f32(
    const float* dy, const float* x, const float* y, const float* mean, const float* coefficients, float* dx, float* dresidual, int rows,
    int channels, int throughStatistics, int accumulateInput, int accumulateResidual, int wide)
{
    batchNormInputGradient(
        dy, x, y, mean, coefficients, dx, dresidual, rows, channels, throughStatistics, accumulateInput, accumulateResidual, wide);
}

extern "C" __global__ void __launch_bounds__(256) batchnorm_input_gradient_bf16(
    const bf16* dy, const bf16* x, const bf16* y, const float* mean, const float* coefficients, bf16* dx, bf16* dresidual, int rows,
    int channels, int throughStatistics, int accumulateInput, int accumulateResidual, int wide)
{
    batchNormInputGradient(
        dy, x, y, mean, coefficients, dx, dresidual, rows, channels, throughStatistics, accumulateInput, accumulateResidual, wide);
}
