using Robustify.Native.Corruptions;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Evaluation;

/// <summary>One walk over a source: every image is read once, shown under every condition, and answered by every model.</summary>
internal sealed record BenchmarkPass
{
    /// <summary>Letters, digits and hyphens; unique in a run. Names the files of its answers.</summary>
    public required string Name { get; init; }

    /// <summary>The images.</summary>
    public required IImageSource Source { get; init; }

    /// <summary>Which of them, in order.</summary>
    public required int[] Indices { get; init; }

    /// <summary>How they are brought to the models' size.</summary>
    public required InputGeometry Geometry { get; init; }

    /// <summary>What is measured; rows of one condition follow each other and share the models' answers.</summary>
    public required IReadOnlyList<PassRow> Rows { get; init; }

    /// <summary>Whether the images come corrupted from the source, so that a condition is but a name.</summary>
    public bool IsStored { get; init; }

    /// <summary>Whether column i shows the same photograph as column i of the clean pass and of every other paired one.</summary>
    public bool IsPaired { get; init; } = true;

    /// <summary>Key of the corruptions' draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether an image that cannot be read ends the run.</summary>
    public bool IsStrict { get; init; }

    /// <summary>The corruptions that are made in memory.</summary>
    public IReadOnlyList<Corruption> Corruptions { get; init; } = [];

    /// <summary>What is done in memory to the images of a row; null for nothing.</summary>
    public Corruption? CorruptionOf(PassRow row) =>
        IsStored || row.Condition.Corruption is null ? null : Corruptions.First(c => c.Name == row.Condition.Corruption);

    /// <summary>Images to show, conditions counted one by one.</summary>
    public long Work => Rows.GroupBy(r => r.Condition).Sum(rows => (long)rows.Max(r => r.Images));
}

/// <summary>A row of a pass's answers.</summary>
/// <param name="Suite">The suite it belongs to.</param>
/// <param name="Condition">What is done to the images.</param>
/// <param name="Space">Among what the models choose.</param>
/// <param name="Images">The first so many of the pass's images.</param>
internal sealed record PassRow(string Suite, Condition Condition, ClassSpace Space, int Images);
