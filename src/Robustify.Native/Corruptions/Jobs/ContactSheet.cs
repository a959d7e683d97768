using System.Globalization;
using Robustify.Kernels.Backends;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>One picture under every corruption (rows) and severity (columns), with labels.</summary>
public static class ContactSheet
{
    private const int Gap = 4;
    private const int LargestTile = 299;
    private const int SmallestTile = 128; // smaller pictures are enlarged by a whole factor
    private static readonly byte[] Paper = [24, 24, 27];
    private static readonly byte[] Ink = [228, 228, 231];

    /// <summary>
    /// The picture for a sheet: prepared as the job says; one that is prepared in no way and larger than 299 pixels, as for ImageNet-C.
    /// </summary>
    /// <exception cref="Kernels.RobustifyException">It cannot be read.</exception>
    public static Image8 Read(CorruptionJobOptions options)
    {
        var picture = new Image8(1, 1, 1);
        ImageFile.Read(options.Input, picture, options.Channels);
        bool large = options.Preparation == Preparation.None && Math.Max(picture.Width, picture.Height) > LargestTile;
        return new PicturePreparer(large ? Preparation.ImageNet224 : options.Preparation).Prepare(picture);
    }

    /// <summary>Draws the sheet.</summary>
    /// <param name="picture">Grey or RGB, at most 299 pixels a side.</param>
    /// <param name="corruptions">A row each.</param>
    /// <param name="seed">The seed of all draws; the picture is sample 0.</param>
    /// <param name="backend">Where it is corrupted, which does not show; null for this thread.</param>
    /// <exception cref="Kernels.RobustifyException">The picture is larger.</exception>
    public static Image8 Draw(Image8 picture, IReadOnlyList<Corruption> corruptions, ulong seed, IBackend? backend = null)
    {
        if (picture.Width > LargestTile || picture.Height > LargestTile)
        {
            throw new Kernels.RobustifyException(
                $"preview: a picture of {picture.Width}x{picture.Height} found, at most {LargestTile} a side expected; reduce it, for example with --prepare image-net224");
        }

        int zoom = Math.Max(1, SmallestTile / Math.Max(picture.Width, picture.Height));
        int tileWidth = picture.Width * zoom, tileHeight = picture.Height * zoom, scale = 2;
        int left = corruptions.Max(corruption => BitmapFont.Width(corruption.Name, scale)) + 3 * Gap, top = BitmapFont.Height(scale) + 3 * Gap;
        var sheet = new Image8(left + Corruption.MaxSeverity * (tileWidth + Gap), top + corruptions.Count * (tileHeight + Gap), 3);
        for (int i = 0; i < sheet.Pixels.Length; i++)
            sheet.Pixels[i] = Paper[i % 3];
        for (int severity = 1; severity <= Corruption.MaxSeverity; severity++)
        {
            string label = severity.ToString(CultureInfo.InvariantCulture);
            BitmapFont.Draw(sheet, label, left + (severity - 1) * (tileWidth + Gap) + (tileWidth - BitmapFont.Width(label, scale)) / 2, Gap, scale, Ink);
        }

        var corrupted = new Image8(1, 1, 1);
        using var corruptor = IPictureCorruptor.On(backend);
        corruptor.Take(picture);
        for (int row = 0; row < corruptions.Count; row++)
        {
            int y = top + row * (tileHeight + Gap);
            BitmapFont.Draw(sheet, corruptions[row].Name, Gap, y + (tileHeight - BitmapFont.Height(scale)) / 2, scale, Ink);
            for (int severity = 1; severity <= Corruption.MaxSeverity; severity++)
            {
                corruptor.Corrupt(corruptions[row], severity, seed, 0, corrupted);
                Place(corrupted, sheet, left + (severity - 1) * (tileWidth + Gap), y, zoom);
            }
        }

        return sheet;
    }

    private static void Place(Image8 tile, Image8 sheet, int left, int top, int zoom)
    {
        int second = tile.Channels == 3 ? 1 : 0, third = 2 * second;
        for (int y = 0; y < tile.Height * zoom; y++)
        {
            for (int x = 0; x < tile.Width * zoom; x++)
            {
                int from = (y / zoom * tile.Width + x / zoom) * tile.Channels;
                Span<byte> to = sheet.Pixels.Slice(((top + y) * sheet.Width + left + x) * 3, 3);
                (to[0], to[1], to[2]) = (tile.Pixels[from], tile.Pixels[from + second], tile.Pixels[from + third]);
            }
        }
    }
}
