using System.Collections.Concurrent;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation;

/// <summary>Computed images that say they lie in files, and remember which of the files was asked for.</summary>
internal sealed class ListedSource(int count, TemporaryFolder folder) : IImageSource, IImageFiles
{
    private readonly ComputedSource images = new(count);
    private readonly ConcurrentDictionary<int, bool> asked = [];

    public string Description => images.Description;

    public int Count => count;

    public IReadOnlyList<string> ClassNames => images.ClassNames;

    public int Label(int index) => images.Label(index);

    public void Read(int index, Image8 destination) => images.Read(index, destination);

    public string PathOf(int index)
    {
        asked[index] = true;
        return folder.PathOf($"{index}.png");
    }

    public bool HasAskedFor(int index) => asked.ContainsKey(index);
}
