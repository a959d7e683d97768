using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>
/// One condition of CIFAR-10-C or CIFAR-100-C as released: NAME.npy with [5 N, 32, 32, 3] bytes, severities one after the other, and
/// labels.npy.
/// </summary>
internal sealed class CorruptedCifar : IImageSource
{
    private const int Side = 32;
    private const int ImageBytes = Side * Side * 3;

    private readonly NpyFile images;
    private readonly int[] labels;
    private readonly int severity;

    /// <param name="folder">Of the set.</param>
    /// <param name="condition">Which.</param>
    /// <param name="classes">Of the model: labels must be below it.</param>
    /// <param name="classNames">By label; null for numbers.</param>
    public CorruptedCifar(string folder, Condition condition, int classes, IReadOnlyList<string>? classNames = null)
    {
        string file = Path.Combine(folder, condition.Corruption + ".npy"), labelFile = Path.Combine(folder, "labels.npy");
        severity = condition.Severity;
        images = NpyFile.Open(file);
        if (images is not { ElementBytes: 1, Shape: [> 0 and <= int.MaxValue, Side, Side, 3] } || images.Shape[0] % Corruption.MaxSeverity != 0)
            throw SourceFile.Refuse(file, $"shape ({string.Join(", ", images.Shape)}) found, (5 N, 32, 32, 3) bytes expected; use the file of the released set");
        Count = (int)(images.Shape[0] / Corruption.MaxSeverity);
        long[] all = NpyFile.Open(labelFile).ReadIntegers();
        if (all.Length != images.Shape[0] && all.Length != Count)
            throw SourceFile.Refuse(labelFile, $"{all.Length} labels found, {images.Shape[0]} expected; use the file of the released set");
        labels = new int[Count];
        for (int i = 0; i < Count; i++)
        {
            long label = all[all.Length == Count ? i : (severity - 1) * Count + i];
            labels[i] = label >= 0 && label < classes ? (int)label : throw SourceFile.Refuse(
                labelFile, $"label {label} found, 0..{classes - 1} expected of a model of {classes} classes; use the set that the model was made for");
        }

        ClassNames = classNames ?? [.. Enumerable.Range(0, classes).Select(c => string.Create(CultureInfo.InvariantCulture, $"class {c}"))];
        Description = SourceFile.OneLine($"{Count} RGB images of {Side}x{Side}, {file}");
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public int Label(int index) => labels[index];

    /// <inheritdoc/>
    public void Read(int index, Image8 destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        destination.Reshape(Side, Side, 3);
        images.Read(((severity - 1L) * Count + index) * ImageBytes, destination.Pixels);
    }
}
