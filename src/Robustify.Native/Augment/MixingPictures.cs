using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment;

/// <summary>
/// The structured pictures that PixMix mixes with. The published set (fractals and feature visualisations) is a download of its own: give its
/// folder. Without it fractals are drawn here; results will differ from published ones.
/// </summary>
public sealed class MixingPictures
{
    // Pictures are cut from a little more than the image, as 224 from 256.
    private const double Margin = 256.0 / 224;

    private readonly Image8[] pictures;
    private readonly Lock gate = new();
    private readonly Dictionary<(int Size, int Channels), Image8[]> made = [];

    private MixingPictures(Image8[] pictures) => this.pictures = pictures;

    /// <summary>How many there are.</summary>
    public int Count => pictures.Length;

    /// <summary>Reads all pictures of a folder, at any depth, in order of their paths.</summary>
    /// <exception cref="RobustifyException">There is none, or one cannot be read.</exception>
    public static MixingPictures Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new RobustifyException($"{folder}: no such folder, pictures to mix with expected; name the folder of the mixing set");
        string[] paths = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => ImageFile.HasPictureExtension(path)).Order(StringComparer.Ordinal)];
        if (paths.Length == 0)
            throw new RobustifyException($"{folder}: holds no .png, .jpg, .jpeg or .webp file; name the folder of the mixing set");
        return new([.. paths.Select(path =>
        {
            var picture = new Image8(1, 1, 1);
            ImageFile.Read(path, picture, channels: 3);
            return picture;
        })]);
    }

    /// <summary>Draws fractals, the same for one seed.</summary>
    /// <exception cref="RobustifyException">The count is outside 1..4096.</exception>
    public static MixingPictures Fractals(int count, ulong seed)
    {
        if (count is < 1 or > 4096)
            throw new RobustifyException($"pixmix: {count} fractals are outside 1..4096; 64 are a good start");
        return new([.. Enumerable.Range(0, count).Select(i => Fractal.Draw(seed, (uint)i))]);
    }

    /// <summary>A random cut of a random picture, scaled so that its shorter side is a little more than the image's longer one.</summary>
    /// <param name="width">Columns of the cut.</param>
    /// <param name="height">Rows of the cut.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="random">Picture, column and row are drawn in this order.</param>
    /// <param name="destination">Takes the cut.</param>
    public void Crop(int width, int height, int channels, IRandomStream random, Image8 destination)
    {
        int index = random.NextInteger(0, pictures.Length);
        Image8 picture = Sized((int)Math.Ceiling(Math.Max(width, height) * Margin), channels)[index];
        int left = random.NextInteger(0, picture.Width - width + 1), top = random.NextInteger(0, picture.Height - height + 1);
        Cropping.Crop(picture, destination, left, top, width, height);
    }

    private Image8[] Sized(int size, int channels)
    {
        lock (gate)
        {
            if (made.TryGetValue((size, channels), out var sized))
                return sized;
            var resampler = new Resampler();
            sized = [.. pictures.Select(picture =>
            {
                Image8 resized = new(1, 1, 1), converted = new(1, 1, 1);
                resampler.ResizeShorterSide(picture, resized, size, ResampleFilter.Bilinear);
                var result = new Image8(1, 1, 1);
                result.CopyFrom(ChannelConversion.Convert(resized, channels, converted));
                return result;
            })];
            made.Add((size, channels), sized);
            return sized;
        }
    }
}
