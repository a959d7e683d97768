using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Loading;

/// <summary>Images in memory. Can fail at chosen images and notes what each thread has allocated when it reads.</summary>
internal sealed class SyntheticSource(int count, int size, int channels) : IImageSource
{
    private readonly Image8[] images = [.. Enumerable.Range(0, count).Select(i => Augment.TestImages.Random(size, size, channels, (uint)i))];

    public HashSet<int> Broken { get; } = [];

    /// <summary>Called at each read, on the worker's thread.</summary>
    public Action? OnRead { get; set; }

    public string Description => "synthetic images";

    public int Count => count;

    public IReadOnlyList<string> ClassNames { get; } = ["even", "odd", "third"];

    public int Label(int index) => index % 3;

    public void Read(int index, Image8 destination)
    {
        OnRead?.Invoke();
        if (Broken.Contains(index))
            throw new RobustifyException($"image {index} is broken; repair it");
        destination.CopyFrom(images[index]);
    }
}
