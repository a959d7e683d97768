namespace Robustify.Kernels.Tests.Cpu;

/// <summary>Batch normalisation (+ residual, ReLU) over rows of channels in double precision, and its gradients by their formulas.</summary>
internal sealed class BatchNormReference(int channels, double epsilon, bool relu)
{
    public (double[] Mean, double[] Variance) Moments(double[] x)
    {
        int rows = x.Length / channels;
        double[] mean = new double[channels], variance = new double[channels];
        for (int i = 0; i < x.Length; i++)
            mean[i % channels] += x[i] / rows;
        for (int i = 0; i < x.Length; i++)
            variance[i % channels] += Math.Pow(x[i] - mean[i % channels], 2) / rows;
        return (mean, variance);
    }

    public double[] Forward(double[] x, double[] gamma, double[] beta, double[]? residual, double[] mean, double[] variance)
    {
        var y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int c = i % channels;
            double value = (x[i] - mean[c]) / Math.Sqrt(variance[c] + epsilon) * gamma[c] + beta[c] + (residual?[i] ?? 0);
            y[i] = relu ? Math.Max(0, value) : value;
        }

        return y;
    }

    /// <summary>The gradients of x, gamma and beta, and dy where the output lets it through.</summary>
    public (double[] X, double[] Gamma, double[] Beta, double[] Masked) Gradient(
        double[] dy, double[] x, double[] y, double[] gamma, double[] mean, double[] variance, bool batchStatistics)
    {
        int rows = x.Length / channels;
        double[] dx = new double[x.Length], dgamma = new double[channels], dbeta = new double[channels], g = new double[x.Length];
        double Normal(int i) => (x[i] - mean[i % channels]) / Math.Sqrt(variance[i % channels] + epsilon);
        for (int i = 0; i < x.Length; i++)
        {
            g[i] = relu && !(y[i] > 0) ? 0 : dy[i];
            dgamma[i % channels] += g[i] * Normal(i);
            dbeta[i % channels] += g[i];
        }

        for (int i = 0; i < x.Length; i++)
        {
            int c = i % channels;
            double through = batchStatistics ? dbeta[c] / rows + Normal(i) * dgamma[c] / rows : 0;
            dx[i] = gamma[c] / Math.Sqrt(variance[c] + epsilon) * (g[i] - through);
        }

        return (dx, dgamma, dbeta, g);
    }
}
