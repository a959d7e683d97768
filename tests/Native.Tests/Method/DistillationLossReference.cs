using Robustify.Kernels.Backends;
using Robustify.Native.Method;

namespace Robustify.Native.Tests.Method;

/// <summary>
/// The three losses of the method in double, from everybody's logits: cross-entropy plus lambda w(target) tau² KL(target/tau || head/tau),
/// the clean head on clean rows against the original, the unclean head on augmented rows against the teacher, the combined head on both.
/// </summary>
internal sealed class DistillationLossReference(DistillationOptions options, int[] labels)
{
    /// <summary>Original model's and teacher's logits, clean rows first.</summary>
    public required double[][] Original { get; init; }

    public required double[][] Teacher { get; init; }

    public double Clean(double[][] head) => Half(head, Original, 0);

    public double Unclean(double[][] head) => Half(head, Teacher, labels.Length);

    public double Combined(double[][] head)
    {
        int batch = labels.Length;
        double[][] targets = options.Target == TargetKind.Source
            ? [.. Original[..batch], .. Teacher[batch..]]
            : [.. Original.Zip(Teacher, (g, t) => Uncertainty(g) <= Uncertainty(t) ? g : t)];
        return (Half(head, targets, 0) + Half(head, targets, batch)) / 2;
    }

    /// <summary>H(softmax) / log K.</summary>
    public static double Uncertainty(double[] logits)
    {
        double[] p = Softmax(logits, 1);
        return -p.Sum(x => x * Math.Log(x)) / Math.Log(p.Length);
    }

    private double Half(double[][] head, double[][] targets, int firstRow)
    {
        double sum = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            double[] logits = head[firstRow + i], target = targets[firstRow + i];
            double[] p = Softmax(logits, 1);
            sum -= (1 - options.LabelSmoothing) * Math.Log(p[labels[i]]) + options.LabelSmoothing * p.Average(Math.Log);
            double tau = options.Temperature;
            double divergence = Softmax(target, tau).Zip(Softmax(logits, tau), (t, s) => t * Math.Log(t / s)).Sum();
            sum += options.Lambda * Weight(target) * tau * tau * divergence;
        }

        return sum / labels.Length;
    }

    private double Weight(double[] logits)
    {
        double[] sorted = [.. Softmax(logits, 1).OrderDescending()];
        return options.Weighting switch
        {
            ConfidenceWeighting.OneMinusEntropy => 1 - Uncertainty(logits),
            ConfidenceWeighting.ExponentialEntropy => Math.Exp(-Uncertainty(logits)),
            ConfidenceWeighting.Margin => sorted[0] - sorted[1],
            _ => 1,
        };
    }

    private static double[] Softmax(double[] logits, double temperature)
    {
        double max = logits.Max(), sum = logits.Sum(x => Math.Exp((x - max) / temperature));
        return [.. logits.Select(x => Math.Exp((x - max) / temperature) / sum)];
    }
}
