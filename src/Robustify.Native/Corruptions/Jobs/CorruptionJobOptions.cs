using Robustify.Kernels.Backends;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>What <see cref="CorruptionJob"/> is to do.</summary>
public sealed record CorruptionJobOptions
{
    /// <summary>A PNG, JPEG or WebP file, or a folder that holds such files at any depth.</summary>
    public required string Input { get; init; }

    /// <summary>
    /// For one condition. Of a file: the file to write (.png, .jpg or .jpeg), or an existing folder. Of a folder: the folder that takes the
    /// same relative paths. For several conditions: the folder that takes corruption/severity/path, the published layout.
    /// </summary>
    public required string Output { get; init; }

    /// <summary>What is applied, each by itself; of <see cref="CorruptionCatalog"/>.</summary>
    public required IReadOnlyList<Corruption> Corruptions { get; init; }

    /// <summary>1..5, each.</summary>
    public required IReadOnlyList<int> Severities { get; init; }

    /// <summary>The seed of all draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Where pictures are corrupted; null or a CPU device for the threads themselves. The result does not depend on it.</summary>
    public IBackend? Backend { get; init; }

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

    /// <summary>How a picture is brought to size before it is corrupted.</summary>
    public Preparation Preparation { get; init; }

    /// <summary>The published layout even for one condition.</summary>
    public bool PublishedLayout { get; init; }

    /// <summary>Ends the job at the first picture that cannot be used, instead of listing it at the end.</summary>
    public bool Strict { get; init; }

    /// <summary>Makes every file again. Otherwise the files that an earlier run of the same job has left are kept.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether files go to corruption/severity/path.</summary>
    internal bool HasConditionFolders => PublishedLayout || Corruptions.Count * Severities.Count > 1;
}
