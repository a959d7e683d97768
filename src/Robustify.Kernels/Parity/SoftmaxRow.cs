namespace Robustify.Kernels.Parity;

/// <summary>softmax(logits / temperature) of one row and its logarithm, in double.</summary>
internal readonly struct SoftmaxRow
{
    public SoftmaxRow(ReadOnlySpan<double> logits, double temperature = 1)
    {
        double most = double.NegativeInfinity, sum = 0;
        foreach (double logit in logits)
            most = Math.Max(most, logit);
        foreach (double logit in logits)
            sum += Math.Exp((logit - most) / temperature);
        Logarithms = new double[logits.Length];
        for (int k = 0; k < logits.Length; k++)
            Logarithms[k] = (logits[k] - most) / temperature - Math.Log(sum);
        Probabilities = Array.ConvertAll(Logarithms, Math.Exp);
    }

    public double[] Probabilities { get; }

    public double[] Logarithms { get; }

    /// <summary>H(p) / log K; 0 for one class.</summary>
    public double NormalizedEntropy()
    {
        double entropy = 0;
        for (int k = 0; k < Probabilities.Length; k++)
            entropy -= Probabilities[k] == 0 ? 0 : Probabilities[k] * Logarithms[k];
        return Probabilities.Length == 1 ? 0 : entropy / Math.Log(Probabilities.Length);
    }
}
