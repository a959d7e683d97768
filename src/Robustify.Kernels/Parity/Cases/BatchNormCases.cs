using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Batch normalisation with batch or running statistics.</summary>
internal sealed class BatchNormCase : OperationCase
{
    private const float Epsilon = 1e-5f, Momentum = 0.1f;

    private readonly Operand x, gamma, beta, y, mean, reciprocalDeviation, runningMean, runningVariance;
    private readonly Operand? residual;
    private readonly bool training, relu;

    public BatchNormCase(int rows, int channels, bool training, bool residual, bool relu, double offset = 0, int shift = 0)
        : base(
            training ? "BatchNormTraining" : "BatchNormInference",
            $"[{rows}, {channels}]{(residual ? " residual" : "")}{(relu ? " relu" : "")}{(offset == 0 ? "" : " far from zero")}"
            + (shift == 0 ? "" : " unaligned"))
    {
        (this.training, this.relu) = (training, relu);
        x = Activations("x", new Shape(rows, 1, 1, channels), offset: offset, shift: shift);
        gamma = Floats("gamma", new Shape(channels), offset: 1);
        beta = Floats("beta", new Shape(channels));
        this.residual = residual ? Activations("residual", new Shape(rows, 1, 1, channels)) : null;
        y = Activations("y", new Shape(rows, 1, 1, channels), OperandRole.Output);
        mean = Floats("mean", new Shape(channels), OperandRole.Output);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(channels), OperandRole.Output);
        var statistics = training ? OperandRole.Updated : OperandRole.Input;
        runningMean = Floats("runningMean", new Shape(channels), statistics, offset: offset);
        runningVariance = Floats("runningVariance", new Shape(channels), statistics, scale: 0.4, offset: 0.5);
    }

    // As LayerNorm: a mean far from zero is known to 6e-8 of itself, and the deviations are small beside it.
    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend)
    {
        if (training)
            backend.BatchNormTraining(
                x, gamma, beta, residual, y, mean, reciprocalDeviation, runningMean, runningVariance, Epsilon, Momentum, relu);
        else
            backend.BatchNormInference(x, gamma, beta, residual, y, mean, reciprocalDeviation, runningMean, runningVariance, Epsilon, relu);
    }

    protected override void Reference()
    {
        int rows = x.Shape.Rows, channels = x.Shape.Columns;
        for (int channel = 0; channel < channels; channel++)
        {
            double average = runningMean.Values[channel], variance = runningVariance.Values[channel];
            if (training)
            {
                (average, variance) = Moments(channel);
                Move(runningMean, channel, average);
                Move(runningVariance, channel, variance * rows / Math.Max(1, rows - 1));
            }

            double reciprocal = 1 / Math.Sqrt(variance + Epsilon);
            mean.Expected[channel] = average;
            reciprocalDeviation.Expected[channel] = reciprocal;
            for (int row = 0; row < rows; row++)
            {
                int i = row * channels + channel;
                double value = (x.Values[i] - average) * reciprocal * gamma.Values[channel] + beta.Values[channel] + (residual?.Values[i] ?? 0);
                y.Expected[i] = relu ? Math.Max(0, value) : value;
            }
        }
    }

    private (double Mean, double Variance) Moments(int channel)
    {
        int rows = x.Shape.Rows, channels = x.Shape.Columns;
        double sum = 0, squares = 0;
        for (int row = 0; row < rows; row++)
            sum += x.Values[row * channels + channel];
        double average = sum / rows;
        for (int row = 0; row < rows; row++)
            squares += Math.Pow(x.Values[row * channels + channel] - average, 2);
        return (average, squares / rows);
    }

    private static void Move(Operand running, int channel, double value) =>
        running.Expected[channel] = (1.0 - Momentum) * running.Values[channel] + Momentum * value;
}

/// <summary>Which operands a gradient of batch normalisation has, and what is added to.</summary>
[Flags]
internal enum BatchNormGradientOptions
{
    /// <summary>dx alone, through running statistics.</summary>
    None = 0,

    /// <summary>dy is masked by the sign of y.</summary>
    Relu = 1,

    /// <summary>The gradient flows through mean and variance.</summary>
    BatchStatistics = 2,

    /// <summary>dresidual is wanted.</summary>
    Residual = 4,

    /// <summary>dgamma and dbeta are wanted.</summary>
    Parameters = 8,

    /// <summary>dx is added to.</summary>
    AccumulateInput = 16,

    /// <summary>dresidual is added to.</summary>
    AccumulateResidual = 32,

    /// <summary>dx is not wanted.</summary>
    NoInput = 64,
}

/// <summary>Gradients of batch normalisation; the statistics are any numbers, which the formulas allow.</summary>
internal sealed class BatchNormGradientCase : OperationCase
{
    private readonly Operand dy, x, y, gamma, mean, reciprocalDeviation;
    private readonly Operand? dx, dresidual, dgamma, dbeta;
    private readonly BatchNormGradientOptions options;

    public BatchNormGradientCase(int rows, int channels, BatchNormGradientOptions options, int shift = 0)
        : base("BatchNormGradient", $"[{rows}, {channels}] {options}{(shift == 0 ? "" : " unaligned")}")
    {
        this.options = options;
        var shape = new Shape(rows, 1, 1, channels);
        dy = Activations("dy", shape, shift: shift);
        x = Activations("x", shape);
        y = Activations("y", shape);
        gamma = Floats("gamma", new Shape(channels), offset: 1);
        mean = Floats("mean", new Shape(channels), scale: 0.1);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(channels), scale: 0.2, offset: 1.5);
        dx = Has(BatchNormGradientOptions.NoInput) ? null : Activations("dx", shape, Written(Has(BatchNormGradientOptions.AccumulateInput)));
        if (Has(BatchNormGradientOptions.Residual))
            dresidual = Activations("dresidual", shape, Written(Has(BatchNormGradientOptions.AccumulateResidual)));
        if (Has(BatchNormGradientOptions.Parameters))
        {
            dgamma = Floats("dgamma", new Shape(channels), OperandRole.Output);
            dbeta = Floats("dbeta", new Shape(channels), OperandRole.Output);
        }
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.BatchNormGradient(
        dy, x, y, gamma, mean, reciprocalDeviation, dx, dresidual, dgamma, dbeta, Has(BatchNormGradientOptions.Relu),
        Has(BatchNormGradientOptions.BatchStatistics), Has(BatchNormGradientOptions.AccumulateInput),
        Has(BatchNormGradientOptions.AccumulateResidual));

    protected override void Reference()
    {
        int rows = x.Shape.Rows, channels = x.Shape.Columns;
        for (int channel = 0; channel < channels; channel++)
        {
            double reciprocal = reciprocalDeviation.Values[channel], sum = 0, product = 0;
            for (int row = 0; row < rows; row++)
            {
                int i = row * channels + channel;
                sum += Masked(i);
                product += Masked(i) * Normalized(i, channel);
            }

            if (dgamma is not null && dbeta is not null)
            {
                dgamma.Expected[channel] = product;
                dbeta.Expected[channel] = sum;
            }

            for (int row = 0; row < rows; row++)
            {
                int i = row * channels + channel;
                double value = Masked(i);
                if (dresidual is not null)
                    Store(dresidual, i, value, Has(BatchNormGradientOptions.AccumulateResidual));
                if (Has(BatchNormGradientOptions.BatchStatistics))
                    value -= (sum + Normalized(i, channel) * product) / rows;
                if (dx is not null)
                    Store(dx, i, value * gamma.Values[channel] * reciprocal, Has(BatchNormGradientOptions.AccumulateInput));
            }
        }
    }

    private bool Has(BatchNormGradientOptions option) => (options & option) != 0;

    private double Masked(int i) => Has(BatchNormGradientOptions.Relu) && !(y.Values[i] > 0) ? 0 : dy.Values[i];

    private double Normalized(int i, int channel) => (x.Values[i] - mean.Values[channel]) * reciprocalDeviation.Values[channel];
}
