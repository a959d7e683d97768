using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Robustify.Native.Method.Onnx;

/// <summary>
/// The four ways protobuf writes a field, which is all that an ONNX file needs. Source: the protocol buffers encoding guide.
/// </summary>
internal sealed class ProtobufWriter(Stream stream)
{
    /// <summary>A non-negative integer or an enumeration.</summary>
    public void Integer(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
    }

    /// <summary>A 32-bit float.</summary>
    public void Single(int field, float value)
    {
        Varint(((ulong)field << 3) | 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        stream.Write(bytes);
    }

    /// <summary>A text.</summary>
    public void Text(int field, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        Begin(field, bytes.Length);
        stream.Write(bytes);
    }

    /// <summary>A nested message.</summary>
    public void Message(int field, Action<ProtobufWriter> write)
    {
        using var nested = new MemoryStream();
        write(new ProtobufWriter(nested));
        Begin(field, nested.Length);
        nested.WriteTo(stream);
    }

    /// <summary>Floats as raw bytes.</summary>
    public void Singles(int field, ReadOnlySpan<float> values)
    {
        var bytes = MemoryMarshal.AsBytes(values);
        Begin(field, bytes.Length);
        stream.Write(bytes);
    }

    /// <summary>64-bit integers as raw bytes.</summary>
    public void Longs(int field, ReadOnlySpan<long> values)
    {
        var bytes = MemoryMarshal.AsBytes(values);
        Begin(field, bytes.Length);
        stream.Write(bytes);
    }

    private void Begin(int field, long length)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)length);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }
}
