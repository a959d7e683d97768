using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>Pictures of a listing under a folder. The conditions of a stored -C set share one listing, so it is held once.</summary>
internal sealed class PictureSuite(string folder, PictureListing listing, IReadOnlyList<string> classNames) : IImageSource, IImageFiles
{
    /// <inheritdoc/>
    public string Description { get; } = SourceFile.OneLine($"{listing.Paths.Length} pictures of {listing.Labels.Distinct().Count()} classes, {folder}");

    /// <inheritdoc/>
    public int Count => listing.Paths.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => classNames;

    /// <inheritdoc/>
    public int Label(int index) => listing.Labels[index];

    /// <inheritdoc/>
    public string PathOf(int index) => Path.Combine(folder, listing.Paths[index]);

    /// <inheritdoc/>
    public void Read(int index, Image8 destination) => ImageFile.Read(PathOf(index), destination, channels: 3);
}
