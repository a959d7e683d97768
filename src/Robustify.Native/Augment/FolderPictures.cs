using System.Collections.Concurrent;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Files;

namespace Robustify.Native.Augment;

/// <summary>
/// Pictures of a folder, at any depth and in ordinal order of their paths, as the published set of PixMix (fractals and feature
/// visualisations) or any other. The shorter side is brought to the asked size; what fits in the memory set aside is kept, the others are
/// decoded each time they are drawn.
/// </summary>
internal sealed class FolderPictures : MixingPictures
{
    private const long MaxKeptBytes = 256 << 20;

    private readonly string[] paths;
    private readonly int side;
    private readonly int channels;
    private readonly ConcurrentDictionary<int, Image8> kept = [];
    private long keptBytes;

    /// <param name="folder">Where they lie.</param>
    /// <param name="side">Their shorter side in pixels.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <exception cref="RobustifyException">The folder cannot be listed or holds no picture.</exception>
    public FolderPictures(string folder, int side, int channels)
    {
        (this.side, this.channels) = (side, channels);
        try
        {
            paths = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path => ImageFile.HasPictureExtension(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException($"{OneLine.Of(folder, 400)}: cannot be listed ({OneLine.Of(e.Message, 300)}), a folder with pictures for PixMix expected; name one", e);
        }

        if (paths.Length == 0)
            throw new RobustifyException($"{OneLine.Of(folder, 400)}: no PNG, JPEG or WebP picture found, pictures for PixMix expected; name another folder");
    }

    public override int Count => paths.Length;

    public override bool AreAlike => false;

    public override Image8 this[int index] => kept.TryGetValue(index, out var picture) ? picture : Keep(index, Read(index));

    private Image8 Read(int index)
    {
        Image8 stored = new(1, 1, 1), picture = new(1, 1, 1);
        ImageFile.Read(paths[index], stored, channels);
        new Resampler().ResizeShorterSide(stored, picture, side, ResampleFilter.Bilinear);
        return picture;
    }

    private Image8 Keep(int index, Image8 picture)
    {
        if (Interlocked.Add(ref keptBytes, picture.Pixels.Length) <= MaxKeptBytes)
            kept[index] = picture;
        else
            Interlocked.Add(ref keptBytes, -picture.Pixels.Length);
        return picture;
    }
}
