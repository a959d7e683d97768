namespace Robustify.Native.Evaluation;

/// <summary>A predictor that chooses among heads: what a benchmark records beside its answer.</summary>
public interface IHeadedPredictor : IPredictor
{
    /// <summary>Heads by name, in the order their numbers mean: clean, unclean, combined.</summary>
    IReadOnlyList<string> Heads { get; }

    /// <summary>The head chosen for each row of the last batch; -1 where the answer is a mixture.</summary>
    ReadOnlySpan<int> ChosenHeads { get; }

    /// <summary>Selectors by name, for comparison.</summary>
    IReadOnlyList<string> Selectors { get; }

    /// <summary>Whether a selector answers a row of the last batch rightly; the oracle needs the label.</summary>
    bool IsCorrect(int selector, int row, int label);
}
