using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>Changes an image's size with antialiasing. An instance belongs to one worker, so it may keep buffers.</summary>
public interface IImageResizer
{
    /// <summary>Writes <paramref name="source"/> at width x height into <paramref name="destination"/>, reshaping it; never the same object.</summary>
    void Resize(Image8 source, int width, int height, Image8 destination);
}
