using System.Buffers;
using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// A checkpoint seen with the engine's names and layouts, whichever family wrote it. Works on any file that has some of the names
/// (gradients, running statistics); names outside the family pass through unchanged.
/// </summary>
public sealed class CheckpointReader : IDisposable
{
    private readonly ITensorFile file;
    private readonly EngineTensors tensors;

    private CheckpointReader(ITensorFile file, string openedPath, CheckpointFamily? family)
    {
        this.file = file;
        OpenedPath = openedPath;
        NamingFamily? naming = family is { } known ? NamingFamily.Of(known) : NamingFamily.Detect(file.Names);
        Family = naming?.Family ?? CheckpointFamily.Unknown;
        tensors = EngineTensors.Of(file, naming);
    }

    /// <summary>The path as messages show it.</summary>
    public string Path => file.Path;

    /// <summary>The file's format in words.</summary>
    public string Format => file.Format;

    /// <summary>Whose names the file bears.</summary>
    public CheckpointFamily Family { get; }

    /// <summary>The tensors by the engine's names, in the order of the file.</summary>
    public IReadOnlyList<string> EngineNames => tensors.Names;

    /// <summary>The header's free entries.</summary>
    public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    internal string OpenedPath { get; }

    /// <summary>Opens a safetensors file, an index of several, a PyTorch state dict or a TorchScript archive, and translates its names.</summary>
    /// <param name="path">The file.</param>
    /// <param name="family">Null to tell the family from the names.</param>
    /// <exception cref="RobustifyException">No valid file of these, or two tensors that mean one.</exception>
    public static CheckpointReader Open(string path, CheckpointFamily? family = null)
    {
        ITensorFile file = TensorFiles.Open(path);
        try
        {
            return new CheckpointReader(file, path, family);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has the whole tensor.</summary>
    public bool Contains(string engineName) => tensors.ByName.ContainsKey(engineName);

    /// <summary>The engine's shape of a tensor: convolutions [O, KH, KW, I], the patch embedding [D, P*P*C].</summary>
    /// <exception cref="RobustifyException">The file has no such tensor.</exception>
    public int[] Shape(string engineName) => [.. Find(engineName).Shape];

    /// <summary>Reads a tensor in the engine's layout as float32, exactly unless it is stored as F64.</summary>
    /// <param name="engineName">One of <see cref="EngineNames"/>.</param>
    /// <param name="destination">The product of <see cref="Shape"/> elements.</param>
    /// <exception cref="RobustifyException">No such tensor, not a float tensor, or another number of elements.</exception>
    public void Read(string engineName, Span<float> destination)
    {
        EngineTensor tensor = Find(engineName);
        long count = 1;
        foreach (int extent in tensor.Shape)
            count *= extent; // At most 2^29 if no extent is 0; otherwise 0 in the end.
        if (count != destination.Length)
        {
            throw new RobustifyException(
                $"{Path}: tensor {tensor.ShownName} has shape {OneLine.Shape<int>(tensor.Shape)}, {destination.Length} elements expected; "
                + "use a checkpoint of that size");
        }

        if (WeightLayout.IsConvolution(NamingFamily.WithoutPrefix(engineName), tensor.PublishedShape.Length))
        {
            ReadConvolution(tensor, destination);
            return;
        }

        if (tensor.IsTransposed)
        {
            ReadTransposed(tensor, destination);
            return;
        }

        if (tensor.Join != PartJoin.Rows)
        {
            ReadMean(tensor, destination);
            return;
        }

        int part = destination.Length / tensor.Sources.Length;
        for (int i = 0; i < tensor.Sources.Length; i++)
            file.ReadSingles(tensor.Sources[i], destination.Slice(i * part, part));
    }

    /// <summary><see cref="Read"/>, refusing a NaN or an infinity.</summary>
    /// <exception cref="RobustifyException">As <see cref="Read"/>, or names the tensor and the element.</exception>
    internal void ReadFinite(string engineName, Span<float> destination)
    {
        Read(engineName, destination);
        int at = FloatConversion.AreFinite(destination) ? -1 : destination.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (at >= 0)
            throw TensorReading.NonFinite(Path, engineName, at, destination[at]);
    }

    /// <summary>
    /// The parts of a tensor that the file holds as the engine wants them: float32, in the engine's order, one behind the other. None where
    /// they must be converted, turned round or joined otherwise.
    /// </summary>
    internal IReadOnlyList<(MappedFile File, long Offset, int Bytes)> Verbatim(string engineName)
    {
        EngineTensor tensor = Find(engineName);
        if (tensor.Join != PartJoin.Rows || tensor.IsTransposed || WeightLayout.IsConvolution(NamingFamily.WithoutPrefix(engineName), tensor.PublishedShape.Length))
            return [];
        var parts = new List<(MappedFile, long, int)>(tensor.Sources.Length);
        foreach (string source in tensor.Sources)
        {
            if (!file.TryGet(source, out TensorEntry entry) || entry.DType != StoredDType.F32 || !entry.TryLocate(out var where, out long begin))
                return [];
            parts.Add((where, begin, entry.Data.Length));
        }

        return parts;
    }

    /// <summary>Refuses a NaN or an infinity in any float tensor.</summary>
    /// <exception cref="RobustifyException">Names the tensor and the element.</exception>
    public void RequireFinite() => file.RequireFiniteTensors();

    /// <summary>Holds the file against the tensors a model wants.</summary>
    /// <param name="wanted">Engine names and engine shapes.</param>
    /// <param name="isOptional">Names the model can do without and may be in the file unwanted; null for none.</param>
    /// <exception cref="RobustifyException">Missing, misshapen or unknown tensors: the first five by name and how many there are.</exception>
    public void Match(IReadOnlyList<(string Name, int[] Shape)> wanted, Func<string, bool>? isOptional = null) =>
        CheckpointMatch.Require(this, tensors, wanted, isOptional ?? (_ => false));

    /// <summary>The same as a list, of everything.</summary>
    internal IReadOnlyList<string> Misfits(IReadOnlyList<(string Name, int[] Shape)> wanted, Func<string, bool> isOptional) =>
        CheckpointMatch.Misfits(this, tensors, wanted, isOptional);

    /// <summary>
    /// The architecture as far as the shapes tell it; the number of heads and LayerNorm's epsilon also from the metadata or a
    /// <c>config.json</c> beside the file.
    /// </summary>
    /// <exception cref="RobustifyException">The names are of no known family, or the shapes are of no supported architecture.</exception>
    public ModelDescription Describe()
    {
        if (!ClipInference.IsClip(Family))
            ForeignParts.Refuse(this);
        return DescribeFamily();
    }

    private ModelDescription DescribeFamily() => Family switch
    {
        CheckpointFamily.Unknown => throw new RobustifyException(
            $"{Path}: the names ({string.Join(", ", file.Names.Take(3).Select(n => $"'{OneLine.Of(n)}'"))}) are of no known family, "
            + "those of a timm, torchvision or Hugging Face ViT, DeiT, ResNet or ConvNeXt or of a CLIP model expected; convert the checkpoint"),
        CheckpointFamily.ResNet or CheckpointFamily.HuggingFaceResNet => ResNetInference.Describe(this),
        CheckpointFamily.TimmConvNext or CheckpointFamily.TorchvisionConvNext or CheckpointFamily.HuggingFaceConvNext
            or CheckpointFamily.OriginalConvNext => ConvNextInference.Describe(this),
        CheckpointFamily.OpenClip or CheckpointFamily.OpenClipResNet or CheckpointFamily.HuggingFaceClip => ClipInference.Describe(this, null),
        _ => VisionTransformerInference.Describe(this),
    };

    /// <summary>A tensor that the file lacks, by the engine's name and, where they differ, by the names of the family that are not there.</summary>
    internal string Shown(string engineName)
    {
        string bare = NamingFamily.WithoutPrefix(engineName), prefix = engineName[..^bare.Length];
        string[] published = [.. (NamingFamily.Of(Family)?.Publish(bare) ?? []).Select(name => prefix + name).Where(name => name != engineName && !file.TryGet(name, out _))];
        return $"'{OneLine.Of(engineName)}'{(published.Length > 0 ? $" ({string.Join(", ", published.Select(name => $"'{OneLine.Of(name)}'"))})" : "")}";
    }

    /// <summary>The names in the file of a tensor's parts, in order.</summary>
    internal string[] Sources(string engineName) => Find(engineName).Sources;

    internal ITensorFile File => file;

    /// <summary>The tensor's shape as published; null where the file lacks it.</summary>
    internal int[]? PublishedShape(string engineName) => tensors.ByName.GetValueOrDefault(engineName)?.PublishedShape;

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => file.Dispose();

    private EngineTensor Find(string engineName) => tensors.ByName.GetValueOrDefault(engineName)
        ?? throw new RobustifyException($"{Path}: has no tensor '{OneLine.Of(engineName)}'; use a checkpoint that holds it");

    private void ReadTransposed(EngineTensor tensor, Span<float> destination)
    {
        float[] stored = ArrayPool<float>.Shared.Rent(destination.Length);
        file.ReadSingles(tensor.Sources[0], stored.AsSpan(0, destination.Length));
        WeightLayout.Transpose(stored.AsSpan(0, destination.Length), destination, tensor.PublishedShape[0]);
        ArrayPool<float>.Shared.Return(stored);
    }

    /// <summary>Two heads as one: the weights side by side on the features side by side, everything times 1 / count.</summary>
    private void ReadMean(EngineTensor tensor, Span<float> destination)
    {
        int count = tensor.Sources.Length, columns = tensor.Shape[^1];
        bool isMean = tensor.Join == PartJoin.Mean;
        int length = isMean ? destination.Length : destination.Length / count, width = isMean ? columns : columns / count;
        float[] part = ArrayPool<float>.Shared.Rent(length);
        destination.Clear();
        for (int i = 0; i < count; i++)
        {
            file.ReadSingles(tensor.Sources[i], part.AsSpan(0, length));
            for (int at = 0; at < length; at++)
                destination[at / width * columns + (isMean ? 0 : i * width) + at % width] += part[at] / count;
        }

        ArrayPool<float>.Shared.Return(part);
    }

    private void ReadConvolution(EngineTensor tensor, Span<float> destination)
    {
        file.TryGet(tensor.Sources[0], out TensorEntry entry);
        if (entry.DType == StoredDType.F32)
        {
            WeightLayout.ConvolutionToEngine(tensor.PublishedShape, MemoryMarshal.Cast<byte, float>(entry.Data), destination);
            return;
        }

        float[] published = ArrayPool<float>.Shared.Rent(destination.Length);
        file.ReadSingles(tensor.Sources[0], published.AsSpan(0, destination.Length));
        WeightLayout.ConvolutionToEngine(tensor.PublishedShape, published.AsSpan(0, destination.Length), destination);
        ArrayPool<float>.Shared.Return(published);
    }
}
