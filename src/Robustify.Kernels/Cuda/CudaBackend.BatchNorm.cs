using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.BatchNormTraining"/>
    public void BatchNormTraining(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        TensorView runningMean, TensorView runningVariance, float epsilon, float momentum, bool relu)
    {
        int rows = x.Shape.Rows, channels = x.Shape.Columns;
        var geometry = new ColumnGeometry(rows, channels, x.Type, FlatGeometry.Aligned(x));
        nint partial = Scratch(geometry.PartialBytes(2));
        Launch(
            Named(x, "batchnorm_moments_f32", "batchnorm_moments_bf16"), geometry.Launch, new(Bytes(x), 4 * x.Shape.Count), x, partial, rows,
            channels, geometry.Wide);
        Launch(
            Named(x, "batchnorm_statistics_f32", "batchnorm_statistics_bf16"), geometry.Combine(1), new(geometry.PartialBytes(2), 0), x, partial,
            mean, reciprocalDeviation, runningMean, runningVariance, rows, channels, geometry.Chunks, epsilon, momentum);
        NormalizeChannels(x, gamma, beta, residual, y, mean, reciprocalDeviation, relu);
    }

    /// <inheritdoc cref="IBackend.BatchNormInference"/>
    public void BatchNormInference(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        TensorView runningMean, TensorView runningVariance, float epsilon, bool relu)
    {
        int channels = x.Shape.Columns;
        Launch(
            "batchnorm_running_f32", FlatGeometry.For(channels, DType.Float32), new(4 * Bytes(mean), channels), runningMean, runningVariance, mean,
            reciprocalDeviation, channels, epsilon);
        NormalizeChannels(x, gamma, beta, residual, y, mean, reciprocalDeviation, relu);
    }

    /// <inheritdoc cref="IBackend.BatchNormGradient"/>
    public void BatchNormGradient(
        TensorView dy, TensorView x, TensorView y, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx,
        TensorView dresidual, TensorView dgamma, TensorView dbeta, bool relu, bool batchStatistics, bool accumulateInput, bool accumulateResidual)
    {
        int rows = dy.Shape.Rows, channels = dy.Shape.Columns;
        var mask = relu ? y : default;
        bool throughStatistics = batchStatistics && !dx.IsAbsent;
        bool sums = throughStatistics || !dgamma.IsAbsent || !dbeta.IsAbsent;
        var sumGeometry = new ColumnGeometry(rows, channels, dy.Type, FlatGeometry.Aligned(dy, x, mask, mean));
        // The coefficients come first: their rows must begin at multiples of 16 bytes wherever the channels allow.
        long coefficientBytes = (3L * channels * sizeof(float) + 255) / 256 * 256;
        nint coefficients = Scratch(coefficientBytes + sumGeometry.PartialBytes(2)), partial = coefficients + (nint)coefficientBytes;
        if (sums)
        {
            Launch(
                Named(dy, "batchnorm_gradient_sums_f32", "batchnorm_gradient_sums_bf16"), sumGeometry.Launch,
                new(Bytes(dy) + Bytes(x) + Bytes(mask), 4 * x.Shape.Count), dy, x, mask, mean, partial, rows, channels, sumGeometry.Wide);
        }

        Launch(
            "batchnorm_gradient_coefficients_f32", sumGeometry.Combine(1), new(sums ? sumGeometry.PartialBytes(2) : 0, 0), partial, gamma,
            reciprocalDeviation, coefficients, dgamma, dbeta, rows, channels, sums ? sumGeometry.Chunks : 0);
        if (dx.IsAbsent && dresidual.IsAbsent)
            return;

        var geometry = new ColumnGeometry(rows, channels, dy.Type, FlatGeometry.Aligned(dy, x, mask, mean, dx, dresidual));
        long bytes = Bytes(dy) + Bytes(mask) + (throughStatistics ? Bytes(x) : 0)
            + Bytes(dx) * (accumulateInput ? 2 : 1) + Bytes(dresidual) * (accumulateResidual ? 2 : 1);
        Launch(
            Named(dy, "batchnorm_input_gradient_f32", "batchnorm_input_gradient_bf16"), geometry.Launch, new(bytes, 5 * dy.Shape.Count), dy, x,
            mask, mean, coefficients, dx, dresidual, rows, channels, throughStatistics, accumulateInput, accumulateResidual, geometry.Wide);
    }

    private void NormalizeChannels(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        bool relu)
    {
        int rows = x.Shape.Rows, channels = x.Shape.Columns;
        var geometry = new ColumnGeometry(
            rows, channels, x.Type, FlatGeometry.Aligned(x, gamma, beta, residual, y, mean, reciprocalDeviation));
        Launch(
            Named(x, "batchnorm_normalize_f32", "batchnorm_normalize_bf16"), geometry.Launch,
            new(Bytes(x) + Bytes(residual) + Bytes(y), 4 * x.Shape.Count), x, gamma, beta, residual, y, mean, reciprocalDeviation, rows, channels,
            relu, geometry.Wide);
    }
}
