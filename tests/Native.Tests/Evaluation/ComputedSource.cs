using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Evaluation;

/// <summary>Any number of 8x8 images that take no memory: each is computed when it is read.</summary>
internal sealed class ComputedSource(int count) : IImageSource
{
    public string Description => "computed images";

    public int Count => count;

    public IReadOnlyList<string> ClassNames { get; } = ["first", "second", "third"];

    public int Label(int index) => index % FakePredictor.ClassCount;

    public void Read(int index, Image8 destination)
    {
        destination.Reshape(FakePredictor.Side, FakePredictor.Side, 1);
        uint state = (uint)index * 2654435761u;
        foreach (ref byte pixel in destination.Pixels)
        {
            state = state * 1664525 + 1013904223;
            pixel = (byte)(state >> 24);
        }

        // Brightest where the class says so, on most images.
        if (index % 7 != 0)
            destination.Pixels[Label(index)] = 255;
    }
}
