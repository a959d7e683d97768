using Robustify.Kernels;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Workflows;

/// <summary>Pictures named one by one or by their folder, without labels.</summary>
internal sealed class PictureFiles : IImageSource
{
    private readonly string[] paths;

    /// <param name="inputs">Files, and folders of which every picture at any depth is taken, in ordinal order of their paths.</param>
    /// <exception cref="RobustifyException">An input is missing, or a folder holds no picture.</exception>
    public PictureFiles(IReadOnlyList<string> inputs)
    {
        paths = [.. inputs.SelectMany(Expand)];
        if (paths.Length == 0)
            throw new RobustifyException("predict: no picture given; name a picture or a folder of pictures");
        Description = $"{paths.Length} pictures";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count => paths.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => [];

    /// <summary>The file of a picture.</summary>
    public string PathOf(int index) => paths[index];

    /// <inheritdoc/>
    public int Label(int index) => throw new InvalidOperationException("pictures to predict have no label");

    /// <inheritdoc/>
    public void Read(int index, Image8 destination) => ImageFile.Read(paths[index], destination, ImageFile.ChannelsAsStored);

    private static IEnumerable<string> Expand(string input)
    {
        if (!Directory.Exists(input))
        {
            return File.Exists(input)
                ? [input]
                : throw new RobustifyException($"{input}: no such file or folder; name a picture or a folder of pictures");
        }

        string[] found = [.. CorruptionFiles.RelativePaths(Path.GetFullPath(input)).Order(StringComparer.Ordinal).Select(relative => Path.Combine(input, relative))];
        return found.Length > 0
            ? found
            : throw new RobustifyException($"{input}: holds no .png, .jpg, .jpeg or .webp file; name a folder of pictures");
    }
}
