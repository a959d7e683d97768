using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Whose names a converted checkpoint gets; the architecture stays.</summary>
public enum CheckpointNaming
{
    /// <summary>Those it has.</summary>
    Same,

    /// <summary>timm's, which are also the engine's.</summary>
    Timm,

    /// <summary>torchvision's.</summary>
    Torchvision,

    /// <summary>torchvision's, a ViT's perceptrons as <c>linear_1</c> and <c>linear_2</c>, as its published files have them.</summary>
    TorchvisionLinear,

    /// <summary>Hugging Face's.</summary>
    HuggingFace,

    /// <summary>open_clip's and OpenAI's, for CLIP models.</summary>
    OpenClip,
}

/// <summary>
/// Writes a checkpoint under the names of another family. All families publish the same tensors in the same layout, cut differently
/// (query, key and value), so bytes are copied as they are: there and back gives every bit again. Another element type is rounded to
/// nearest, ties to even.
/// </summary>
public static class CheckpointConversion
{
    /// <summary>Converts a file; returns the names of the tensors that the other family has no place for.</summary>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="path">The safetensors file to write.</param>
    /// <param name="naming">Whose names.</param>
    /// <param name="dtype">F32, F16 or BF16 for float tensors; null to keep each tensor's.</param>
    /// <param name="metadata">Entries to set beside those of the file.</param>
    /// <exception cref="RobustifyException">Tensors that cannot bear those names, by name, or a file that cannot be written.</exception>
    public static IReadOnlyList<string> Convert(
        CheckpointReader reader, string path, CheckpointNaming naming, StoredDType? dtype, IReadOnlyDictionary<string, string> metadata)
    {
        var from = NamingFamily.Of(reader.Family);
        var to = naming == CheckpointNaming.Same ? null : NamingFamily.Of(Target(reader, naming));
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt");
        foreach (var (key, value) in reader.Metadata.Concat(metadata))
            writer.SetMetadata(key, value);
        var left = new List<string>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in reader.File.Names)
        {
            string bare = NamingFamily.WithoutPrefix(name), prefix = name[..^bare.Length];
            if (to is null || from?.Translate(bare) is not { } target)
            {
                Add(writer, reader.File, name, [name], dtype); // A further head of this engine keeps its name.
                continue;
            }

            if (!done.Add(prefix + target.Name) && target.PartCount > 1)
                continue;
            string[] sources = target.PartCount > 1 ? Parts(reader, prefix + target.Name) : [name];
            string[]? published = to.Publish(target.Name);
            if (published is null && !target.IsIgnored)
                throw new RobustifyException($"{reader.Path}: tensor '{OneLine.Of(name)}' has no name in {to.Family}; convert to the names of the same architecture");
            if (published is null)
                left.Add(name);
            else
            {
                bool transposes = to.Translate(published[0])!.Value.IsTransposed != target.IsTransposed;
                Place(
                    writer, reader, sources, [.. published.Select(p => prefix + p)], dtype, shape => to.PublishedShape(target.Name, shape), transposes);
            }
        }

        writer.Save(path);
        return left;
    }

    /// <summary>What a file should say of its architecture that its shapes do not: heads, LayerNorm's epsilon, where a bottleneck strides.</summary>
    public static Dictionary<string, string> Facts(ModelDescription description) => description switch
    {
        VisionTransformerDescription transformer => new(StringComparer.Ordinal)
        {
            [CheckpointNames.HeadsKey] = transformer.Heads.ToString(CultureInfo.InvariantCulture),
            [CheckpointNames.LayerNormEpsilonKey] = transformer.LayerNormEpsilon.ToString("R", CultureInfo.InvariantCulture),
        },
        ConvNextDescription convolutional => new(StringComparer.Ordinal)
        {
            [CheckpointNames.LayerNormEpsilonKey] = convolutional.FinalNormEpsilon.ToString("R", CultureInfo.InvariantCulture),
        },
        ClipDescription clip => clip.Facts(),
        ResNetDescription { StridesOnFirst: true } => new(StringComparer.Ordinal) { [CheckpointNames.StrideKey] = CheckpointNames.StrideOnFirst },
        _ => new(StringComparer.Ordinal),
    };

    private static CheckpointFamily Target(CheckpointReader reader, CheckpointNaming naming) => (reader.Family, naming) switch
    {
        (CheckpointFamily.ResNet or CheckpointFamily.HuggingFaceResNet, CheckpointNaming.HuggingFace) => CheckpointFamily.HuggingFaceResNet,
        (CheckpointFamily.ResNet or CheckpointFamily.HuggingFaceResNet, not CheckpointNaming.OpenClip) => CheckpointFamily.ResNet,
        (CheckpointFamily.TimmDistilledVisionTransformer or CheckpointFamily.HuggingFaceDistilledVisionTransformer, CheckpointNaming.HuggingFace)
            => CheckpointFamily.HuggingFaceDistilledVisionTransformer,
        (CheckpointFamily.TimmDistilledVisionTransformer or CheckpointFamily.HuggingFaceDistilledVisionTransformer, CheckpointNaming.Timm)
            => CheckpointFamily.TimmDistilledVisionTransformer,
        (CheckpointFamily.HuggingFaceDeit, CheckpointNaming.HuggingFace) => CheckpointFamily.HuggingFaceDeit,
        (CheckpointFamily.OpenClip or CheckpointFamily.HuggingFaceClip, CheckpointNaming.HuggingFace) => CheckpointFamily.HuggingFaceClip,
        (CheckpointFamily.OpenClip or CheckpointFamily.HuggingFaceClip, CheckpointNaming.OpenClip) => CheckpointFamily.OpenClip,
        (CheckpointFamily.OpenClipResNet, CheckpointNaming.OpenClip) => CheckpointFamily.OpenClipResNet,
        (CheckpointFamily.TimmVisionTransformer or CheckpointFamily.TorchvisionVisionTransformer
            or CheckpointFamily.TorchvisionLinearVisionTransformer or CheckpointFamily.HuggingFaceVisionTransformer, not CheckpointNaming.OpenClip)
            => naming switch
        {
            CheckpointNaming.Timm => CheckpointFamily.TimmVisionTransformer,
            CheckpointNaming.Torchvision => CheckpointFamily.TorchvisionVisionTransformer,
            CheckpointNaming.TorchvisionLinear => CheckpointFamily.TorchvisionLinearVisionTransformer,
            _ => CheckpointFamily.HuggingFaceVisionTransformer,
        },
        (CheckpointFamily.TimmConvNext or CheckpointFamily.TorchvisionConvNext or CheckpointFamily.HuggingFaceConvNext
            or CheckpointFamily.OriginalConvNext, _) => naming switch
        {
            CheckpointNaming.Timm => CheckpointFamily.TimmConvNext,
            CheckpointNaming.HuggingFace => CheckpointFamily.HuggingFaceConvNext,
            _ => CheckpointFamily.TorchvisionConvNext,
        },
        _ => throw new RobustifyException($"{reader.Path}: a checkpoint of {reader.Family} has no names of {naming}; choose others"),
    };

    private static string[] Parts(CheckpointReader reader, string engineName) => reader.Contains(engineName)
        ? reader.Sources(engineName)
        : throw new RobustifyException($"{reader.Path}: '{OneLine.Of(engineName)}' lacks its query, key or value part; use an intact checkpoint");

    private static void Place(
        SafetensorsWriter writer, CheckpointReader reader, string[] sources, string[] published, StoredDType? dtype, Func<long[], long[]> publish,
        bool transposes)
    {
        if (sources.Length == published.Length)
        {
            for (int i = 0; i < sources.Length; i++)
                Add(writer, reader.File, published[i], [sources[i]], dtype, publish, transposes: transposes);
        }
        else if (published.Length == 1)
        {
            Add(writer, reader.File, published[0], sources, dtype);
        }
        else
        {
            for (int i = 0; i < published.Length; i++)
                Add(writer, reader.File, published[i], sources, dtype, null, i, published.Length);
        }
    }

    /// <summary>Adds the sources one below the other, or one of several equal parts of a single source.</summary>
    private static void Add(
        SafetensorsWriter writer, ITensorFile file, string name, string[] sources, StoredDType? dtype, Func<long[], long[]>? publish = null,
        int part = 0, int partCount = 1, bool transposes = false)
    {
        TensorEntry first = file.Require(sources[0]);
        StoredDType stored = first.DType, written = dtype is { } wanted && stored.IsFloat() ? wanted : stored;
        long[] shape = [.. first.Shape];
        if (sources.Length > 1)
            shape[0] *= sources.Length;
        if (partCount > 1 && (shape.Length == 0 || shape[0] % partCount != 0))
            throw new RobustifyException($"{file.Path}: tensor '{OneLine.Of(sources[0])}' has shape {OneLine.Shape<long>(shape)}, {partCount} equal parts expected");
        if (partCount > 1)
            shape[0] /= partCount;
        if (transposes && shape.Length != 2)
            throw new RobustifyException($"{file.Path}: tensor '{OneLine.Of(sources[0])}' has shape {OneLine.Shape<long>(shape)}, a matrix expected");
        if (transposes)
            Array.Reverse(shape);
        int elements = checked(first.ElementCount * sources.Length / partCount);
        writer.AddStored(name, written, publish?.Invoke(shape) ?? shape, elements, stream =>
        {
            foreach (string source in sources)
            {
                TensorEntry entry = file.Require(source);
                if (entry.DType != stored)
                    throw new RobustifyException($"{file.Path}: tensor '{OneLine.Of(source)}' is {entry.DType}, {stored} expected as its other parts");
                int length = entry.Data.Length / partCount;
                var data = entry.Data.Slice(part * length, length);
                int at = Write(stream, transposes ? Transposed(data, stored.ElementSize(), (int)shape[1]) : data, stored, written);
                if (at >= 0)
                {
                    throw new RobustifyException(
                        $"{file.Path}: tensor '{OneLine.Of(source)}' has a value that {written} cannot hold as a finite number, element {at} of '{OneLine.Of(name)}'; "
                        + "choose another --dtype");
                }
            }
        });
    }

    /// <summary>The elements of [rows, columns] in the order of [columns, rows], every bit as it is.</summary>
    private static byte[] Transposed(ReadOnlySpan<byte> data, int size, int rows)
    {
        byte[] turned = new byte[data.Length];
        int columns = rows == 0 ? 0 : data.Length / size / rows;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                data.Slice((row * columns + column) * size, size).CopyTo(turned.AsSpan((column * rows + row) * size));
        }

        return turned;
    }

    /// <summary>Returns the first element that is not finite as it is written in another type; -1 for none.</summary>
    private static int Write(Stream stream, ReadOnlySpan<byte> data, StoredDType stored, StoredDType written)
    {
        if (stored == written)
        {
            stream.Write(data);
            return -1;
        }

        const int chunk = 1 << 16;
        var singles = new float[chunk];
        var bytes = new byte[chunk * written.ElementSize()];
        for (int size = stored.ElementSize(), done = 0; data.Length > 0;)
        {
            int count = Math.Min(chunk, data.Length / size);
            FloatConversion.ToSingle(stored, data[..(count * size)], singles.AsSpan(0, count));
            FloatConversion.FromSingle(written, singles.AsSpan(0, count), bytes);
            var converted = bytes.AsSpan(0, count * written.ElementSize());
            if (FloatConversion.FirstNonFinite(written, converted, out _) is var at and >= 0)
                return done + at;
            stream.Write(converted);
            data = data[(count * size)..];
            done += count;
        }

        return -1;
    }
}
