namespace Robustify.Kernels.Tests.Cpu;

/// <summary>The losses by their definitions, in double, one line a formula; gradients by central differences.</summary>
internal static class LossReference
{
    public static double CrossEntropy(double[] logits, int classes, int[] labels, int firstRow, double smoothing)
    {
        double sum = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            var p = Softmax(logits.AsSpan((firstRow + row) * classes, classes), 1);
            for (int k = 0; k < classes; k++)
                sum -= ((k == labels[row] ? 1 - smoothing : 0) + smoothing / classes) * Math.Log(p[k]);
        }

        return sum / labels.Length;
    }

    public static double Distillation(double[] logits, int classes, double[] targets, double[] weights, int firstRow, double temperature)
    {
        double sum = 0;
        for (int row = 0; row < weights.Length; row++)
        {
            var student = Softmax(logits.AsSpan((firstRow + row) * classes, classes), temperature);
            var teacher = Softmax(targets.AsSpan(row * classes, classes), temperature);
            sum += weights[row] * temperature * temperature * Divergence(teacher, student);
        }

        return sum / weights.Length;
    }

    public static double JensenShannon(double[] logits, int classes)
    {
        int samples = logits.Length / classes / 3;
        double sum = 0;
        for (int sample = 0; sample < samples; sample++)
        {
            var views = Enumerable.Range(0, 3).Select(i => Softmax(logits.AsSpan((i * samples + sample) * classes, classes), 1)).ToArray();
            var mixture = Enumerable.Range(0, classes).Select(k => Math.Clamp(views.Average(p => p[k]), 1e-7, 1)).ToArray();
            sum += views.Average(p => Divergence(p, mixture));
        }

        return sum / samples;
    }

    /// <summary>Central differences; the step balances rounding (1e-16 / h) against the third derivative (h²): both near 1e-10.</summary>
    public static double[] Gradient(Func<double[], double> loss, double[] at)
    {
        const double Step = 1e-5;
        var gradient = new double[at.Length];
        for (int i = 0; i < at.Length; i++)
        {
            double value = at[i];
            at[i] = value + Step;
            double above = loss(at);
            at[i] = value - Step;
            gradient[i] = (above - loss(at)) / (2 * Step);
            at[i] = value;
        }

        return gradient;
    }

    private static double[] Softmax(ReadOnlySpan<double> logits, double temperature)
    {
        double max = double.NegativeInfinity;
        foreach (double z in logits)
            max = Math.Max(max, z);
        var p = new double[logits.Length];
        for (int k = 0; k < p.Length; k++)
            p[k] = Math.Exp((logits[k] - max) / temperature);
        double sum = p.Sum();
        return Array.ConvertAll(p, x => x / sum);
    }

    private static double Divergence(double[] p, double[] q) => p.Zip(q, (a, b) => a == 0 ? 0 : a * Math.Log(a / b)).Sum();
}
