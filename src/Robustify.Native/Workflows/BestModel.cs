namespace Robustify.Native.Workflows;

/// <summary>The epoch after which a run's model did best on held-out images; of equals the first.</summary>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Epoch">From 0.</param>
/// <param name="Step">Finished steps.</param>
internal readonly record struct BestModel(double Accuracy, int Epoch, long Step)
{
    /// <summary>Worse than any.</summary>
    public static BestModel None { get; } = new(double.NegativeInfinity, -1, 0);

    /// <summary>As a state file holds it.</summary>
    public double[] Write() => [Accuracy, Epoch, Step];

    /// <summary>What <see cref="Write"/> wrote.</summary>
    public static BestModel Read(double[] numbers) => new(numbers[0], (int)numbers[1], (long)numbers[2]);
}
