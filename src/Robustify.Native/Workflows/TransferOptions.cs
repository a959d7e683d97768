using Robustify.Kernels;
using Robustify.Native.Evaluation.Transfer;

using Robustify.Native.Models;

namespace Robustify.Native.Workflows;

/// <summary>How a model is put to use on another data set.</summary>
public enum TransferMethod
{
    /// <summary>Logistic regression on its features.</summary>
    Linear,

    /// <summary>The nearest neighbours of its features.</summary>
    Knn,

    /// <summary>Training all of it for a few epochs, with a fresh classifier.</summary>
    Finetune,
}

/// <summary>Options of the verb transfer.</summary>
public sealed record TransferOptions
{
    /// <summary>What of the models' checkpoints is taken otherwise.</summary>
    public ModelOverrides Overrides { get; init; } = new();

    /// <summary>Names for results with files or run directories; the first is what the others are compared with.</summary>
    public required IReadOnlyList<(string Name, string Model)> Models { get; init; }

    /// <summary>Names for results with data directories.</summary>
    public required IReadOnlyList<(string Name, string Path)> Data { get; init; }

    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>How the models are used.</summary>
    public IReadOnlyList<TransferMethod> Methods { get; init; } = [TransferMethod.Linear, TransferMethod.Knn];

    /// <summary>Key of splits, subsets, resamples and of fine-tuning.</summary>
    public ulong Seed { get; init; }

    /// <summary>At most so many training images of a set; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>At most so many test images of a set; null for all.</summary>
    public int? TestLimit { get; init; }

    /// <summary>Folder of computed features, which several runs may share; null for <c>features</c> in the run directory.</summary>
    public string? Cache { get; init; }

    /// <summary>The penalties that the linear probe tries, each above 0; see <see cref="LinearProbe"/> for what is done with them.</summary>
    public IReadOnlyList<double> Penalties { get; init; } = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];

    /// <summary>Share of each class held out to choose the penalty on, in (0, 1).</summary>
    public double HeldOut { get; init; } = 0.2;

    /// <summary>How the probe is solved.</summary>
    public ProbeSolver Solver { get; init; }

    /// <summary>Every k of the nearest neighbours; one beyond the number of training images becomes that.</summary>
    public IReadOnlyList<int> Neighbors { get; init; } = [20];

    /// <summary>Temperature of the weighted vote, above 0.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>Epochs of fine-tuning.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>Images a step of fine-tuning.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Highest learning rate of fine-tuning (AdamW, cosine).</summary>
    public double Rate { get; init; } = 3e-4;

    /// <summary>Refuses values outside their ranges before anything is opened or written.</summary>
    public void Validate()
    {
        RequireNames("--model", "model", Models.Select(m => m.Name));
        RequireNames("--data", "data set", Data.Select(d => d.Name));
        if (Methods.Count == 0)
            throw new RobustifyException("--method: none found, linear, knn or finetune expected");
        if (Penalties.Count == 0 || Penalties.Any(p => !(p is > 0 and < double.PositiveInfinity)))
            throw new RobustifyException($"--penalty: {string.Join(", ", Penalties)} found, numbers above 0 expected");
        if (Neighbors.Count == 0 || Neighbors.Any(k => k is < 1 or > 10_000))
            throw new RobustifyException($"--neighbors: {string.Join(", ", Neighbors)} found, 1..10000 expected");
        if (!(HeldOut is > 0 and < 1) || !(Temperature is > 0 and < double.PositiveInfinity))
            throw new RobustifyException($"--held-out, --temperature: {HeldOut} and {Temperature} found, a share between 0 and 1 and a number above 0 expected");
        if (Limit < 1 || TestLimit < 1)
            throw new RobustifyException($"--limit: {(Limit < 1 ? Limit : TestLimit)} found, at least 1 expected");
    }

    private static void RequireNames(string option, string what, IEnumerable<string> names)
    {
        string[] all = [.. names];
        if (all.Length == 0)
            throw new RobustifyException($"transfer: no {what} given, at least one expected; name it with {option}");
        if (all.Distinct(StringComparer.Ordinal).Count() != all.Length)
            throw new RobustifyException($"transfer: two of one name given with {option}; tell them apart with {option} NAME=PATH");
    }
}
