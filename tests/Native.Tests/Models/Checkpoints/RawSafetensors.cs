using System.Buffers.Binary;
using System.Text;
using Robustify.Kernels;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>Safetensors files made by hand, so that they may be wrong.</summary>
internal static class RawSafetensors
{
    public static byte[] Bytes(string header, int dataLength) => Bytes(Encoding.UTF8.GetBytes(header), dataLength);

    public static byte[] Bytes(byte[] header, int dataLength)
    {
        var bytes = new byte[8 + header.Length + dataLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)header.Length);
        header.CopyTo(bytes, 8);
        return bytes;
    }

    /// <summary>The message must be one line: a terminal shows it whole and a log keeps it together.</summary>
    public static string OneLineOf(RobustifyException e)
    {
        Assert.DoesNotContain(e.Message, c => char.IsControl(c) || c is '\u2028' or '\u2029');
        Assert.InRange(e.Message.Length, 20, 2500);
        return e.Message;
    }

    /// <summary>The action must be refused in one line that says this.</summary>
    public static void Refuses(string expected, Func<object?> action) =>
        Assert.Contains(expected, OneLineOf(Assert.Throws<RobustifyException>(action)), StringComparison.Ordinal);

    /// <summary>The action must be refused in one line that says this.</summary>
    public static void Refuses(string expected, Action action) =>
        Assert.Contains(expected, OneLineOf(Assert.Throws<RobustifyException>(action)), StringComparison.Ordinal);
}
