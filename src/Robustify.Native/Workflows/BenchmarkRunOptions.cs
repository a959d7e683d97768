using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models;

namespace Robustify.Native.Workflows;

/// <summary>Options of the verb bench.</summary>
public sealed record BenchmarkRunOptions
{
    /// <summary>Names for results with files or run directories.</summary>
    public required IReadOnlyList<(string Name, string Model)> Models { get; init; }

    /// <summary>What to measure on.</summary>
    public IReadOnlyList<BenchmarkSuite> Suites { get; init; } = [BenchmarkSuite.Clean, BenchmarkSuite.Corruption];

    /// <summary>How images are brought to the models' size.</summary>
    public PreprocessingProtocol Protocol { get; init; }

    /// <summary>What of the models' checkpoints is taken otherwise.</summary>
    public ModelOverrides Overrides { get; init; } = new();

    /// <summary>Data directory; null for the default.</summary>
    public string? Data { get; init; }

    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>Key of the corruptions' draws and of the subset.</summary>
    public ulong Seed { get; init; }

    /// <summary>At most so many test images; null for all.</summary>
    public int? TestLimit { get; init; }

    /// <summary>
    /// Test images that are left out: those that a distillation under the same seed and the same number held out of test to calibrate on.
    /// </summary>
    public int HeldOutOfTest { get; init; }

    /// <summary>How many of the test images are corrupted in memory, the first in the measured order; null for all.</summary>
    public int? CorruptedImages { get; init; }

    /// <summary>Corruptions to measure; none for clean images only.</summary>
    public IReadOnlyList<Corruption> Corruptions { get; init; } = CorruptionCatalog.All;

    /// <summary>Severities, each 1..5.</summary>
    public IReadOnlyList<int> Severities { get; init; } = [1, 2, 3, 4, 5];

    /// <summary>What results tell of the program and its call, names and values.</summary>
    public IReadOnlyList<(string Name, string Value)> Provenance { get; init; } = [];

    /// <summary>Whether an earlier run in the same directory is taken up where it stopped.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether a file that cannot be read, or a missing class or severity, ends the run; else it is counted and listed.</summary>
    public bool Strict { get; init; }
}
