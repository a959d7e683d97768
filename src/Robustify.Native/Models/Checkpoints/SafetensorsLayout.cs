using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Holds the offsets of a header against its shapes, against each other and against the file.</summary>
internal static class SafetensorsLayout
{
    /// <summary>
    /// Returns only if every tensor has the bytes its shape needs and the tensors fill the data section without hole or overlap.
    /// </summary>
    public static void Check(string path, List<StoredTensor> tensors, long dataLength)
    {
        foreach (StoredTensor tensor in tensors)
            CheckSize(path, tensor, dataLength);
        StoredTensor[] byOffset = [.. tensors];
        Array.Sort(byOffset, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        string previous = "the header";
        foreach (StoredTensor tensor in byOffset)
        {
            if (tensor.Begin < end)
                throw Refuse(path, tensor, $"starts at byte {tensor.Begin} inside {previous}, which ends at {end}");
            if (tensor.Begin > end)
                throw Refuse(path, tensor, $"starts at byte {tensor.Begin}, leaving a gap after {previous}, which ends at {end}");
            (end, previous) = (tensor.End, $"'{OneLine.Of(tensor.Name)}'");
        }

        if (end != dataLength)
            throw new RobustifyException($"{path}: {dataLength} bytes of data found, {end} expected after {previous}; use an intact safetensors file");
    }

    /// <summary>The bytes a shape needs, or null beyond 2^63.</summary>
    public static long? ByteCount(StoredDType dtype, ReadOnlySpan<long> shape)
    {
        long bytes = dtype.ElementSize();
        foreach (long extent in shape)
        {
            if (Math.BigMul(bytes, extent, out long product) != 0 || product < 0)
                return null;
            bytes = product;
        }

        return bytes;
    }

    private static void CheckSize(string path, StoredTensor tensor, long dataLength)
    {
        if (ByteCount(tensor.DType, tensor.Shape) is not { } bytes)
            throw Refuse(path, tensor, $"has shape {OneLine.Shape<long>(tensor.Shape)}, whose size overflows");
        if (tensor.Begin > tensor.End || tensor.End > dataLength)
            throw Refuse(path, tensor, $"has data_offsets [{tensor.Begin}, {tensor.End}], a range within the {dataLength} bytes of data expected");
        if (tensor.End - tensor.Begin != bytes)
        {
            string kind = $"{tensor.DType.HeaderName()} {OneLine.Shape<long>(tensor.Shape)}";
            throw Refuse(path, tensor, $"has {tensor.End - tensor.Begin} bytes, {bytes} expected for {kind}");
        }

        if (bytes > int.MaxValue)
        {
            throw new RobustifyException(
                $"{path}: tensor '{OneLine.Of(tensor.Name)}' has {bytes} bytes, at most 2 GiB a tensor expected; split the tensor");
        }
    }

    private static RobustifyException Refuse(string path, StoredTensor tensor, string found) =>
        new($"{path}: tensor '{OneLine.Of(tensor.Name)}' {found}; use an intact safetensors file");
}
