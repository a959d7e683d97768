using Robustify.Kernels;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>A tensor to write: the engine's name, the engine's shape, the values in the engine's layout.</summary>
/// <param name="Name">The engine's name.</param>
/// <param name="Shape">The engine's shape; a patch embedding is [D, P*P*C] with 1 or 3 channels, or [D, P, P, C].</param>
/// <param name="Values">As many as the shape has; <see cref="NativeFloats"/> wraps a pointer. Read while the file is written.</param>
public readonly record struct CheckpointTensor(string Name, int[] Shape, ReadOnlyMemory<float> Values);

/// <summary>
/// Writes checkpoints under timm's and torchvision's names in their published layouts, so that those libraries' readers can load them,
/// and <see cref="CheckpointReader"/> gives back the same bits in F32. Names of the engine alone (further heads, the frozen original
/// tail) stand beside them unchanged.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>Writes the file whole or not at all; tensors in the order given, the same input giving the same bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Every name once.</param>
    /// <param name="metadata">Free entries; see <see cref="CheckpointNames"/> for those with a meaning.</param>
    /// <param name="dtype">F32 (bit for bit), F16 or BF16 (rounded to nearest, ties to even).</param>
    /// <exception cref="RobustifyException">Shapes that do not fit the values, names given twice, or a folder that cannot be written.</exception>
    public static void Write(
        string path,
        IReadOnlyList<CheckpointTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        StoredDType dtype = StoredDType.F32) => Write(path, tensors, metadata, dtype, null);

    /// <summary>The same under the names and in the layouts of another family, where it has a name for a tensor.</summary>
    internal static void Write(
        string path, IReadOnlyList<CheckpointTensor> tensors, IReadOnlyDictionary<string, string>? metadata, StoredDType dtype, NamingFamily? naming)
    {
        var writer = new SafetensorsWriter();
        foreach ((string key, string value) in metadata ?? new Dictionary<string, string>())
            writer.SetMetadata(key, value);
        foreach (CheckpointTensor tensor in tensors)
            Add(writer, tensor, dtype, naming);
        writer.Save(path);
    }

    private static void Add(SafetensorsWriter writer, CheckpointTensor tensor, StoredDType dtype, NamingFamily? naming)
    {
        string bare = NamingFamily.WithoutPrefix(tensor.Name), prefix = tensor.Name[..^bare.Length];
        if (naming?.Publish(bare) is { } names)
        {
            AddAs(writer, tensor, dtype, naming, bare, [.. names.Select(name => prefix + name)], naming.Translate(names[0])!.Value);
            return;
        }

        int[] published = WeightLayout.ToPublished(tensor.Name, tensor.Shape);
        long[] shape = Array.ConvertAll(published, extent => (long)extent);
        if (!WeightLayout.IsConvolution(NamingFamily.WithoutPrefix(tensor.Name), published.Length))
        {
            writer.AddFloats(tensor.Name, shape, tensor.Values, dtype);
            return;
        }

        writer.AddFilledFloats(
            tensor.Name, shape, tensor.Values.Length, destination => WeightLayout.ConvolutionToPublished(published, tensor.Values.Span, destination), dtype);
    }

    private static void AddAs(
        SafetensorsWriter writer, CheckpointTensor tensor, StoredDType dtype, NamingFamily naming, string bare, string[] names, EngineTarget target)
    {
        int[] published = naming.PublishedLayout(bare, tensor.Shape);
        if (names.Length > 1)
        {
            AddParts(writer, tensor, dtype, names, published, target.Join);
            return;
        }

        long[] shape = Array.ConvertAll(published, extent => (long)extent);
        if (target.IsTransposed)
        {
            writer.AddFilledFloats(
                names[0], shape, tensor.Values.Length, destination => WeightLayout.Transpose(tensor.Values.Span, destination, tensor.Shape[0]), dtype);
        }
        else if (WeightLayout.IsConvolution(bare, published.Length))
        {
            writer.AddFilledFloats(
                names[0], shape, tensor.Values.Length, destination => WeightLayout.ConvolutionToPublished(published, tensor.Values.Span, destination), dtype);
        }
        else
        {
            writer.AddFloats(names[0], shape, tensor.Values, dtype);
        }
    }

    /// <summary>The parts that a reader joins again, bit for bit: one below the other, or heads whose mean the tensor is.</summary>
    private static void AddParts(SafetensorsWriter writer, CheckpointTensor tensor, StoredDType dtype, string[] names, int[] published, PartJoin join)
    {
        int count = names.Length, length = join == PartJoin.Mean ? tensor.Values.Length : tensor.Values.Length / count;
        int columns = published[^1], width = columns / count;
        int axis = join == PartJoin.Rows ? 0 : published.Length - 1;
        if (join != PartJoin.Mean)
            published[axis] /= count;
        long[] shape = Array.ConvertAll(published, extent => (long)extent);
        for (int part = 0; part < count; part++)
        {
            int first = part * width;
            if (join == PartJoin.MeanColumns)
                writer.AddFilledFloats(names[part], shape, length, destination => Columns(destination, first), dtype);
            else
                writer.AddFloats(names[part], shape, join == PartJoin.Mean ? tensor.Values : tensor.Values.Slice(part * length, length), dtype);
        }

        void Columns(Span<float> destination, int first)
        {
            for (int i = 0; i < length; i++)
                destination[i] = tensor.Values.Span[i / width * columns + first + i % width] * count;
        }
    }
}
