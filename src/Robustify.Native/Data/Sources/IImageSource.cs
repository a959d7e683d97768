using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>A labelled set of images, addressed by index. Implementations are safe to read from several threads.</summary>
public interface IImageSource
{
    /// <summary>One line for people and for run.json: the kind of data and where it lies.</summary>
    string Description { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Class names in label order.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>Label of image <paramref name="index"/>, in 0..ClassNames.Count-1.</summary>
    int Label(int index);

    /// <summary>Copies or decodes image <paramref name="index"/> into <paramref name="destination"/>, reshaping it.</summary>
    void Read(int index, Image8 destination);
}
