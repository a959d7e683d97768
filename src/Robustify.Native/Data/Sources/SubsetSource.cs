using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>Some images of another source, under new indices from 0 in the order given; classes stay as they are.</summary>
public sealed class SubsetSource : IImageSource
{
    private readonly IImageSource whole;
    private readonly int[] indices;

    /// <param name="whole">The source to choose from.</param>
    /// <param name="indices">Indices into <paramref name="whole"/>, for example from <see cref="DataSplit"/>; not copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index that <paramref name="whole"/> does not have.</exception>
    public SubsetSource(IImageSource whole, int[] indices)
    {
        foreach (int index in indices)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)whole.Count, nameof(indices));
        this.whole = whole;
        this.indices = indices;
        Description = $"{indices.Length} of: {whole.Description}";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count => indices.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => whole.ClassNames;

    /// <summary>Index of image <paramref name="index"/> in the whole source, which names its random draws.</summary>
    public int WholeIndex(int index) => indices[index];

    /// <summary>The indices in the whole source of images of this one.</summary>
    public int[] Whole(int[] own) => Array.ConvertAll(own, WholeIndex);

    /// <inheritdoc/>
    public int Label(int index) => whole.Label(indices[index]);

    /// <inheritdoc/>
    public void Read(int index, Image8 destination) => whole.Read(indices[index], destination);
}
