using Robustify.Native.Corruptions;
using Robustify.Native.Models;

namespace Robustify.Native.Evaluation;

/// <summary>What a benchmark measures.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>How pictures become the models' input; null for what torchvision does for classifiers.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>Key of the corruptions' draws; an image's draws depend on it, the corruption, the severity and the image alone.</summary>
    public ulong Seed { get; init; }

    /// <summary>The corruptions; none measures clean images only.</summary>
    public IReadOnlyList<Corruption> Corruptions { get; init; } = CorruptionCatalog.All;

    /// <summary>How many of the images are corrupted, the first in the given order; null for all. Clean accuracy is cheap, so it is always on all.</summary>
    public int? CorruptedImages { get; init; }

    /// <summary>The severities, each 1..5.</summary>
    public IReadOnlyList<int> Severities { get; init; } = [1, 2, 3, 4, 5];
}
