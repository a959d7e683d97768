using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Robustify.Native.Tests.Models.Checkpoints.Torch;

/// <summary>
/// Writes what torch.save writes: a zip of stored entries with a protocol 2 pickle, written apart from the reader under test. Source:
/// torch/serialization.py (_save) and CPython's pickletools.
/// </summary>
internal sealed class TorchArchive(bool isLegacy = false)
{
    private readonly MemoryStream pickle = new();
    private readonly List<(string Name, byte[] Bytes)> entries = [];
    private readonly Dictionary<string, int> elementSizes = [];

    /// <summary>Appends opcodes and their arguments.</summary>
    public TorchArchive Raw(params ReadOnlySpan<byte> bytes)
    {
        pickle.Write(bytes);
        return this;
    }

    public TorchArchive Global(string module, string name) => Raw(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));

    public TorchArchive Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        return Raw((byte)'X').Raw(length).Raw(bytes);
    }

    public TorchArchive Integer(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return Raw((byte)'J').Raw(bytes);
    }

    public TorchArchive Integers(params int[] values)
    {
        Raw((byte)'(');
        foreach (int value in values)
            Integer(value);
        return Raw((byte)'t');
    }

    public TorchArchive EmptyOrderedDictionary() => Global("collections", "OrderedDict").Raw((byte)')', (byte)'R');

    /// <summary>Begins a module as torch.jit.save pickles it; attributes follow, then <see cref="EndModule"/>.</summary>
    public TorchArchive Module(string name) => Global("__torch__", name).Raw((byte)')', 0x81, (byte)'}', (byte)'(').Text("training").Raw(0x89);

    /// <summary>Gives the module its attributes.</summary>
    public TorchArchive EndModule() => Raw((byte)'u', (byte)'b');

    /// <summary>A tensor as torch pickles it: its storage by reference, offset, size, strides, no gradient, no hooks.</summary>
    public TorchArchive Tensor(string storageClass, string key, byte[] storage, int elements, int offset, int[] shape, int[] strides)
    {
        if (!entries.Exists(e => e.Name == $"archive/data/{key}"))
            entries.Add(($"archive/data/{key}", storage));
        elementSizes[$"archive/data/{key}"] = storage.Length / Math.Max(elements, 1);
        Global("torch._utils", "_rebuild_tensor_v2").Raw((byte)'(', (byte)'(').Text("storage").Global("torch", storageClass).Text(key).Text("cpu");
        Integer(elements).Raw(isLegacy ? "N"u8 : []).Raw((byte)'t', (byte)'Q').Integer(offset).Integers(shape).Integers(strides);
        return Raw(0x89).EmptyOrderedDictionary().Raw((byte)'t', (byte)'R');
    }

    /// <summary>A contiguous float tensor with a storage of its own.</summary>
    public TorchArchive Floats(string key, float[] values, params int[] shape)
    {
        var strides = new int[shape.Length];
        for (int i = shape.Length - 1, stride = 1; i >= 0; stride *= shape[i], i--)
            strides[i] = stride;
        return Tensor("FloatStorage", key, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), values.Length, 0, shape, strides);
    }

    public TorchArchive Start() => Raw(0x80, 2);

    /// <summary>The file; the pickle is ended.</summary>
    public byte[] End(CompressionLevel level = CompressionLevel.NoCompression, string byteOrder = "little")
    {
        if (isLegacy)
            return EndLegacy();
        Raw((byte)'.');
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in ((string, byte[])[])[("archive/data.pkl", pickle.ToArray()), .. entries, ("archive/version", "3\n"u8.ToArray()), ("archive/byteorder", Encoding.ASCII.GetBytes(byteOrder))])
            {
                using var stream = zip.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        }

        return bytes.ToArray();
    }

    // As torch/serialization.py (_legacy_save) wrote it before PyTorch 1.6. Each storage is 64 bits of count and its elements.
    private byte[] EndLegacy()
    {
        byte[] main = pickle.ToArray();
        pickle.SetLength(0);
        Start().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.').Start().Integer(1001).Raw((byte)'.');
        Start().Raw((byte)'}').Text("little_endian").Raw(0x88, (byte)'s', (byte)'.').Raw(main).Raw((byte)'.').Start().Raw((byte)']', (byte)'(');
        foreach (var (name, _) in entries)
            Text(name["archive/data/".Length..]);
        Raw((byte)'e', (byte)'.');
        foreach (var (name, bytes) in entries)
            Raw(BitConverter.GetBytes((long)bytes.Length / elementSizes[name])).Raw(bytes);
        return pickle.ToArray();
    }
}
