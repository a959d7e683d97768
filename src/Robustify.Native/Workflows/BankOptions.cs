using Robustify.Kernels;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Workflows;

/// <summary>A bank of augmented versions that epochs take in turn, and whether what frozen parts answer to it is stored.</summary>
public sealed record BankOptions
{
    /// <summary>In the process's memory.</summary>
    public const string InMemory = "memory";

    /// <summary>Computed anew in every epoch.</summary>
    public const string Nowhere = "none";

    /// <summary>Augmented versions of each image; 0 draws anew in every epoch.</summary>
    public int Versions { get; init; }

    /// <summary>Where frozen outputs are stored: <see cref="InMemory"/>, <see cref="Nowhere"/>, or a directory.</summary>
    public string Cache { get; init; } = InMemory;

    /// <summary>Type that the trunk's output is stored in: Float32, or BFloat16, to which training without a cache then rounds too.</summary>
    public DType Stored { get; init; } = DType.Float32;

    /// <summary>Whether frozen outputs are stored.</summary>
    internal bool IsCached => Versions > 0 && Cache != Nowhere;

    /// <summary>Refuses values outside their ranges.</summary>
    /// <exception cref="RobustifyException">Names the option.</exception>
    public void Validate()
    {
        if (Versions < 0)
            throw new RobustifyException($"--augment-bank: {Versions} found, at least 0 expected");
        if (Versions == 0 && (Stored != DType.Float32 || Cache is not (InMemory or Nowhere)))
            throw new RobustifyException("--trunk-cache, --trunk-type: given without --augment-bank; say how many versions of each image are stored");
        if (Cache.Length == 0)
            throw new RobustifyException($"--trunk-cache: nothing found, {InMemory}, {Nowhere} or a directory expected");
    }
}
