namespace Robustify.Native.Data.Sources;

/// <summary>A source with a file for each image, which can be fetched from the disk before the image is asked for.</summary>
internal interface IImageFiles
{
    /// <summary>File of image <paramref name="index"/>.</summary>
    string PathOf(int index);
}
