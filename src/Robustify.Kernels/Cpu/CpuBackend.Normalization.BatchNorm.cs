using Robustify.Kernels.Cpu.BatchNormalization;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void BatchNormTraining(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        TensorView runningMean, TensorView runningVariance, float epsilon, float momentum, bool relu)
    {
        int rows = x.Shape.Rows, channels = x.Shape.Columns;
        var chunks = new ChannelChunks(rows, channels);
        float* partial = ChannelScratch(chunks, channels, out double* first, out double* second);
        var moments = new ChunkMoments
        {
            X = x.Floats, Channels = channels, Chunks = chunks, Means = partial, CentredSquares = partial + (long)chunks.Count * channels,
        };
        threads.For(chunks.Count, ref moments);
        moments.Combine(first, second);

        // A single row has no unbiased variance; its biased one, zero, is taken instead of dividing by zero.
        double unbiased = (double)rows / Math.Max(1, rows - 1);
        for (int channel = 0; channel < channels; channel++)
        {
            mean.Floats[channel] = (float)first[channel];
            reciprocalDeviation.Floats[channel] = (float)(1 / Math.Sqrt(second[channel] + epsilon));
            Move(runningMean.Floats + channel, first[channel], momentum);
            Move(runningVariance.Floats + channel, second[channel] * unbiased, momentum);
        }

        NormalizeChannels(x, gamma, beta, residual, y, mean, reciprocalDeviation, relu);
    }

    /// <inheritdoc/>
    public void BatchNormInference(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        TensorView runningMean, TensorView runningVariance, float epsilon, bool relu)
    {
        int channels = x.Shape.Columns;
        for (int channel = 0; channel < channels; channel++)
        {
            mean.Floats[channel] = runningMean.Floats[channel];
            reciprocalDeviation.Floats[channel] = (float)(1 / Math.Sqrt((double)runningVariance.Floats[channel] + epsilon));
        }

        NormalizeChannels(x, gamma, beta, residual, y, mean, reciprocalDeviation, relu);
    }

    /// <inheritdoc/>
    public void BatchNormGradient(
        TensorView dy, TensorView x, TensorView y, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx,
        TensorView dresidual, TensorView dgamma, TensorView dbeta, bool relu, bool batchStatistics, bool accumulateInput, bool accumulateResidual)
    {
        int rows = dy.Shape.Rows, channels = dy.Shape.Columns;
        var chunks = new ChannelChunks(rows, channels);
        float* partial = ChannelScratch(chunks, channels, out double* sums, out double* products);
        bool throughStatistics = batchStatistics && !dx.IsAbsent;
        if (throughStatistics || !dgamma.IsAbsent || !dbeta.IsAbsent)
        {
            var body = new ChunkGradientSums
            {
                Dy = dy.Floats, X = x.Floats, Y = relu ? y.Floats : null, Mean = mean.Floats, Channels = channels, Chunks = chunks,
                Sums = partial, Products = partial + (long)chunks.Count * channels,
            };
            threads.For(chunks.Count, ref body);
            body.Combine(sums, products);
        }

        // The partial sums are spent: their memory takes the coefficients of dx.
        float* scale = partial, slope = scale + channels, shift = slope + channels;
        for (int channel = 0; channel < channels; channel++)
        {
            double reciprocal = reciprocalDeviation.Floats[channel], factor = gamma.Floats[channel] * reciprocal;
            if (!dgamma.IsAbsent)
                dgamma.Floats[channel] = (float)(products[channel] * reciprocal);
            if (!dbeta.IsAbsent)
                dbeta.Floats[channel] = (float)sums[channel];
            scale[channel] = (float)factor;
            slope[channel] = (float)(-factor * reciprocal * reciprocal * products[channel] / rows);
            shift[channel] = (float)(-factor * sums[channel] / rows);
        }

        if (dx.IsAbsent && dresidual.IsAbsent)
            return;
        var gradient = new ChunkInputGradient
        {
            Dy = dy.Floats, X = x.Floats, Y = relu ? y.Floats : null, Mean = mean.Floats, Scale = scale,
            Slope = throughStatistics ? slope : null, Shift = throughStatistics ? shift : null, Dx = dx.Floats, Dresidual = dresidual.Floats,
            Channels = channels, Chunks = chunks, AccumulateInput = accumulateInput, AccumulateResidual = accumulateResidual,
        };
        threads.For(chunks.Count, ref gradient);
    }

    // PyTorch's convention: momentum is the weight of the new value.
    private static void Move(float* running, double value, float momentum) => *running = (float)((1.0 - momentum) * *running + momentum * value);

    private void NormalizeChannels(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation, bool relu)
    {
        int channels = x.Shape.Columns;
        var body = new ChunkNormalize
        {
            X = x.Floats, Gamma = gamma.Floats, Beta = beta.Floats, Residual = residual.Floats, Y = y.Floats, Mean = mean.Floats,
            ReciprocalDeviation = reciprocalDeviation.Floats, Channels = channels, Chunks = new ChannelChunks(x.Shape.Rows, channels), Relu = relu,
        };
        threads.For(body.Chunks.Count, ref body);
    }

    /// <summary>Two doubles a channel, then two floats a channel and chunk (at least three a channel).</summary>
    private float* ChannelScratch(ChannelChunks chunks, int channels, out double* first, out double* second)
    {
        first = (double*)SharedScratch(4L * channels + Math.Max(3, 2L * chunks.Count) * channels);
        second = first + channels;
        return (float*)(second + channels);
    }
}
