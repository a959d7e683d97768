using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>Grey pictures of stripes whose width is the class, with noise: something a tiny model learns in a few steps.</summary>
internal sealed class StripedPictures(int count, int side, int classes) : IImageSource
{
    public string Description => "striped pictures";

    public int Count => count;

    public IReadOnlyList<string> ClassNames { get; } = [.. Enumerable.Range(0, classes).Select(c => $"width {c + 1}")];

    public int Label(int index) => index % classes;

    public void Read(int index, Image8 destination)
    {
        destination.Reshape(side, side, 1);
        var random = new PhiloxStream(1, RandomPurpose.Initialization, 0, (uint)index);
        int width = Label(index) + 1, phase = (int)(random.NextUniform() * 2 * width);
        for (int i = 0; i < destination.Pixels.Length; i++)
        {
            bool isLight = (i % side + phase) / width % 2 == 0;
            destination.Pixels[i] = (byte)((isLight ? 180 : 60) + 40 * random.NextUniform());
        }
    }
}
