using System.Buffers.Binary;
using System.Text;
using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>A safetensors file with another header whose length is true, or with a length that is not, or more or less data.</summary>
internal static class SafetensorsMutation
{
    public static byte[] Of(byte[] file, PhiloxStream draws)
    {
        ulong length = file.Length < 8 ? ulong.MaxValue : BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (length > (ulong)Math.Max(file.Length - 8, 0))
            return Mutation.OfBytes(file, draws);
        byte[] header = file[8..(8 + (int)length)], data = file[(8 + (int)length)..];
        ulong written = 0;
        switch (draws.NextInteger(0, 8))
        {
            case 0:
                written = draws.NextInteger(0, 2) == 0 ? draws.NextWord() : ((ulong)draws.NextWord() << 32) | draws.NextWord();
                break;
            case 1:
                data = draws.NextInteger(0, 2) == 0 ? [.. data, .. new byte[draws.NextInteger(1, 100)]] : data[..draws.NextInteger(0, data.Length + 1)];
                break;
            default:
                header = Encoding.UTF8.GetBytes(JsonMutation.Of(header, draws));
                break;
        }

        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, written != 0 ? written : (ulong)header.Length);
        return [.. prefix, .. header, .. data];
    }
}
