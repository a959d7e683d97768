using System.Security.Cryptography;
using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// The pictures of frost that are laid over images. Published: six photographs of which the first five are used (frost1.png, frost2.png,
/// frost3.png, frost4.jpg, frost5.jpg); their own licence is not stated, so they are not part of this engine.
/// </summary>
public sealed class FrostOverlays
{
    private const int Used = 5;
    private static readonly Lazy<FrostOverlays> Drawn = new(() => new(ProceduralFrost.Draw(Used), null, null));
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg"];

    private FrostOverlays(Image8[] pictures, string? directory, string? fingerprint) => (Pictures, Directory, Fingerprint) = (pictures, directory, fingerprint);

    /// <summary>Where they came from; null for procedural frost.</summary>
    public string? Directory { get; }

    /// <summary>Digest of their pixels, so that results of other overlays are not taken for these; null for procedural frost.</summary>
    internal string? Fingerprint { get; }

    /// <summary>
    /// Frost that the engine draws itself. Errors under it are not comparable with published figures, and every result that uses it says so.
    /// </summary>
    public static FrostOverlays Procedural => Drawn.Value;

    internal Image8[] Pictures { get; }

    /// <summary>Reads frost1 to frost5 (.png, .jpg or .jpeg each) from a directory.</summary>
    /// <exception cref="RobustifyException">One is missing or cannot be read.</exception>
    public static FrostOverlays Read(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
            throw new RobustifyException($"{directory}: no such folder, the frost overlays expected; name the folder that holds frost1.png to frost5.jpg");
        var pictures = new Image8[Used];
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < Used; i++)
        {
            string stem = Path.Combine(directory, $"frost{i + 1}");
            string? path = Extensions.Select(extension => stem + extension).FirstOrDefault(File.Exists);
            if (path is null)
            {
                throw new RobustifyException(
                    $"{directory}: no frost{i + 1}.png or .jpg, the five overlays frost1 to frost5 of ImageNet-C expected; copy them there, or leave the option out for procedural frost");
            }

            pictures[i] = new Image8(1, 1, 1);
            ImageFile.Read(path, pictures[i], channels: 3);
            digest.AppendData(pictures[i].Pixels);
        }

        return new(pictures, directory, Convert.ToHexStringLower(digest.GetHashAndReset())[..16]);
    }
}
