using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>What <see cref="CorruptionJob"/> is to do.</summary>
public sealed record CorruptionJobOptions
{
    /// <summary>A PNG, JPEG or WebP file, or a folder that holds such files at any depth.</summary>
    public required string Input { get; init; }

    /// <summary>
    /// For a file: the file to write (.png, .jpg or .jpeg), or an existing folder. For a folder: the folder that takes the same relative
    /// paths. Files of an earlier job are replaced; the input never is.
    /// </summary>
    public required string Output { get; init; }

    /// <summary>A name in <see cref="CorruptionCatalog"/>.</summary>
    public required string Corruption { get; init; }

    /// <summary>1..5.</summary>
    public required int Severity { get; init; }

    /// <summary>The seed of all draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads; the result does not depend on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>What is written; for a single output file its ending decides instead.</summary>
    public ImageEncoding Encoding { get; init; } = ImageEncoding.Png;

    /// <summary>JPEG output only: 1..100. 85 is what ImageNet-C was stored with.</summary>
    public int Quality { get; init; } = 85;

    /// <summary>
    /// Channels the corruption works on: 1, 3, or <see cref="ImageFile.ChannelsAsStored"/>. ImageNet-C was made with 3 throughout, which
    /// puts coloured noise on grey photographs.
    /// </summary>
    public int Channels { get; init; } = ImageFile.ChannelsAsStored;
}
