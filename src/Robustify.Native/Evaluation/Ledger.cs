using Robustify.Native.Training;

namespace Robustify.Native.Evaluation;

/// <summary>What each phase cost, by the name of the model it made.</summary>
public sealed class Ledger : SortedDictionary<string, TrainingCost>
{
    /// <summary>An empty ledger in ordinal order.</summary>
    public Ledger() : base(StringComparer.Ordinal)
    {
    }
}
