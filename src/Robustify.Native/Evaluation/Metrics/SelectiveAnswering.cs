namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// Accuracy where a model answers only its most confident images. AURRA (Hendrycks et al. 2021, "Natural adversarial examples") is the
/// mean over n of the accuracy of the n most confident.
/// </summary>
internal sealed record SelectiveAnswering
{
    /// <summary>Coverages of <see cref="Accuracies"/>.</summary>
    public static IReadOnlyList<double> Coverages { get; } = [0.5, 0.8, 0.9];

    /// <summary>Area under the response rate accuracy curve, 0..1.</summary>
    public required double Aurra { get; init; }

    /// <summary>Accuracy of the ceil(coverage x N) most confident images, by <see cref="Coverages"/>.</summary>
    public required double[] Accuracies { get; init; }

    /// <summary>From images in order of falling confidence.</summary>
    public static SelectiveAnswering Of(RankedAnswers answers)
    {
        int count = answers.Count;
        double[] accuracies = new double[Coverages.Count];
        accuracies.AsSpan().Fill(double.NaN);
        double area = 0;
        long correct = 0;
        for (int n = 1; n <= count; n++)
        {
            correct += answers.IsCorrect(n - 1) ? 1 : 0;
            double accuracy = (double)correct / n;
            area += accuracy;
            for (int c = 0; c < accuracies.Length; c++)
            {
                if (n == (int)Math.Ceiling(Coverages[c] * count - 1e-9))
                    accuracies[c] = accuracy;
            }
        }

        return new() { Aurra = count == 0 ? double.NaN : area / count, Accuracies = accuracies };
    }
}
