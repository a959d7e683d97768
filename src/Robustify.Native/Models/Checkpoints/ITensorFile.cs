using System.Buffers;
using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Named tensors in a file, whatever its format: nothing of the data is touched until a tensor is asked for.</summary>
internal interface ITensorFile : IDisposable
{
    /// <summary>The path as messages show it.</summary>
    string Path { get; }

    /// <summary>The format in words, as <c>inspect</c> shows it.</summary>
    string Format { get; }

    /// <summary>The tensors' names in the order of the file.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Free entries of text.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor of that name; false where the file has none.</summary>
    bool TryGet(string name, out TensorEntry entry);
}

/// <summary>What every format can do with its tensors.</summary>
internal static class TensorReading
{
    /// <summary>The tensor of that name.</summary>
    /// <exception cref="RobustifyException">The file has none.</exception>
    public static TensorEntry Require(this ITensorFile file, string name) => file.TryGet(name, out TensorEntry entry)
        ? entry
        : throw new RobustifyException($"{file.Path}: has no tensor '{OneLine.Of(name)}'; use a checkpoint that holds it");

    /// <summary>Reads a float tensor as float32. F64 is rounded to nearest, the others are exact.</summary>
    public static void ReadSingles(this ITensorFile file, string name, Span<float> destination)
    {
        TensorEntry entry = file.Require(name);
        if (!entry.DType.IsFloat())
            throw new RobustifyException($"{file.Path}: tensor '{OneLine.Of(name)}' is {entry.DType.HeaderName()}, a float type expected; store it as F32");
        if (entry.ElementCount != destination.Length)
        {
            throw new RobustifyException(
                $"{file.Path}: tensor '{OneLine.Of(name)}' has shape {OneLine.Shape<long>(entry.Shape)}, {destination.Length} elements expected; "
                + "use a checkpoint of that size");
        }

        if (entry.DType == StoredDType.F32)
            entry.CopyTo(MemoryMarshal.AsBytes(destination));
        else if (entry.TryLocate(out var where, out long begin))
            Convert(entry.DType, where, begin, destination);
        else
            FloatConversion.ToSingle(entry.DType, entry.Data, destination);
    }

    // In pieces that are read: pages of the mapping would count as memory beside what they become.
    private static void Convert(StoredDType type, MappedFile file, long begin, Span<float> destination)
    {
        const int most = 1 << 20;
        int size = type.ElementSize(), step = most / size;
        byte[] piece = ArrayPool<byte>.Shared.Rent((int)Math.Min(most, (long)destination.Length * size));
        for (int first = 0; first < destination.Length; first += step)
        {
            var part = destination.Slice(first, Math.Min(step, destination.Length - first));
            var bytes = piece.AsSpan(0, part.Length * size);
            file.Read(begin + (long)first * size, bytes);
            FloatConversion.ToSingle(type, bytes, part);
        }

        ArrayPool<byte>.Shared.Return(piece);
    }

    /// <summary>Reads every float tensor once and refuses a NaN, an infinity, or an F64 value beyond float32's range.</summary>
    public static void RequireFiniteTensors(this ITensorFile file)
    {
        foreach (string name in file.Names)
        {
            TensorEntry entry = file.Require(name);
            if (!entry.DType.IsFloat())
                continue;
            int index = FloatConversion.FirstNonFinite(entry.DType, entry.Data, out double value);
            if (index >= 0)
                throw NonFinite(file.Path, name, index, value);
        }
    }

    /// <summary>The refusal of a value that no float32 can hold as a finite number.</summary>
    public static RobustifyException NonFinite(string path, string name, int index, double value)
    {
        string found = double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? "infinity" : "a value beyond float32";
        return new RobustifyException(
            $"{path}: tensor '{OneLine.Of(name)}' holds {found} at element {index}; finite values are expected, "
            + "use a checkpoint of a run that did not diverge");
    }
}
