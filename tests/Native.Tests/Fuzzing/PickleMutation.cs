using System.Buffers.Binary;
using System.Text;
using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>
/// A pickle with operations dropped, doubled, moved, given other arguments, or hostile ones put in. Source of the operations' lengths:
/// CPython's Lib/pickletools.py.
/// </summary>
internal static class PickleMutation
{
    private static readonly byte[][] Snippets =
    [
        Text("cos\nsystem\nX\u0004\0\0\0true\u0085R"), Text("cposix\nsystem\nX\u0004\0\0\0true\u0085R"), Text("c__builtin__\neval\n(X\u0001\0\0\01tR"),
        Text("cbuiltins\ngetattr\n"), Text("\u008c\u0002os\u008c\u0006system\u0093"), Text("ios\nsystem\n"), Text("cargparse\nNamespace\n)\u0081}b"),
        Text("ctorch._utils\n_rebuild_tensor_v2\n"), Text("ctorch.storage\nUntypedStorage\n"), Text("ccollections\nOrderedDict\n]\u0085R"), Text("c__torch__\nM\n)\u0081"),
        Text("\u008a\u00ff" + new string('\u00ff', 255)), Text("\u008b\u00ff\u00ff\u00ff\u007f"), Text("X\u00ff\u00ff\u00ff\u00ff"), Text("\u008d\0\0\0\0\0\0\0\u0080"),
        Text("\u0095\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff"), Text("r\u00ff\u00ff\u00ff\u00ff"), Text("j\u00ff\u00ff\u00ff\u00ff"), Text("]q\0h\0a"), Text("}q\0h\0h\0s"),
        Text("Q"), Text("P1\n"), Text("."), Text("("), Text("t"), Text("R"), Text("b"), Text("\u0081"), Text("N0"), Text("K\u00ff"), Text("M\u00ff\u00ff"), Text("J\u00ff\u00ff\u00ff\u00ff"),
        Text("\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f"), Text("\u0082\u0001"), Text("\u0080\u00ff"),
        Text(new string('0', 40)), Text("N" + new string('2', 200)), Text(new string('(', 400)), Text(new string('}', 400)), Text(new string(']', 400)),
        Text("N" + new string('\u0094', 400)), Text("N" + new string('\u0085', 500)), Text("((((" + new string('t', 4)),
        Laughs(),
    ];

    /// <param name="file">Begins with that many pickles; what follows them stays.</param>
    /// <param name="pickles">5 for a file of PyTorch before 1.6, 1 for an archive's data.pkl.</param>
    /// <param name="draws">The choices.</param>
    public static byte[] Of(byte[] file, int pickles, PhiloxStream draws)
    {
        var operations = new List<byte[]>();
        int at = 0;
        while (pickles > 0 && at < file.Length && Length(file, at) is var length && length > 0)
        {
            operations.Add(file[at..(at + length)]);
            pickles -= file[at] == '.' ? 1 : 0;
            at += length;
        }

        if (operations.Count == 0)
            return Mutation.OfBytes(file, draws);
        int chosen = draws.NextInteger(0, operations.Count);
        byte[] operation = operations[chosen];
        switch (draws.NextInteger(0, 8))
        {
            case 0:
                operations.RemoveAt(chosen);
                break;
            case 1:
                operations.Insert(draws.NextInteger(0, operations.Count), operation);
                break;
            case 2:
                int other = draws.NextInteger(0, operations.Count);
                (operations[chosen], operations[other]) = (operations[other], operation);
                break;
            case 3 or 4: // an argument of the same kind from elsewhere, or a hostile number
                var same = operations.FindAll(o => o[0] == operation[0]);
                operations[chosen] = operation[0] is (byte)'K' or (byte)'M' or (byte)'J' ? Number(draws) : draws.Choose(same);
                break;
            case 5:
                operations[chosen] = Mutation.OfBytes(operation, draws);
                break;
            default:
                operations.Insert(chosen, draws.Choose(Snippets));
                break;
        }

        return [.. operations.SelectMany(o => o), .. file[at..]];
    }

    // Any width of integer: 0 and 1, one more than a dimension, the limits of 32 and 64 bits.
    private static byte[] Number(PhiloxStream draws)
    {
        var bytes = new byte[10];
        (bytes[0], bytes[1]) = (0x8a, 8);
        long[] numbers = [0, 1, 2, 5, 13, 127, 255, 65536, int.MaxValue, uint.MaxValue, long.MaxValue, long.MaxValue / 4 + 1, -1, long.MinValue];
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), draws.Choose(numbers));
        return bytes;
    }

    // Each list holds the one before it ten times: 10^30 objects for whoever walks them.
    private static byte[] Laughs() => [.. Enumerable.Range(0, 30).SelectMany(i => (byte[])[(byte)']', (byte)'q', (byte)i,
        .. i == 0 ? (byte[])[] : [(byte)'(', .. Enumerable.Repeat((byte[])[(byte)'h', (byte)(i - 1)], 10).SelectMany(h => h), (byte)'e']])];

    /// <summary>Bytes of the operation there; 0 where it is cut or unknown.</summary>
    private static int Length(byte[] file, int at)
    {
        int left = file.Length - at;
        long length = file[at] switch
        {
            0x80 or (byte)'K' or (byte)'q' or (byte)'h' => 2,
            (byte)'M' => 3,
            (byte)'J' or (byte)'r' or (byte)'j' => 5,
            (byte)'G' or 0x95 => 9,
            0x8a or 0x8c or (byte)'U' or (byte)'C' => left < 2 ? 0 : 2 + file[at + 1],
            (byte)'X' or (byte)'T' or (byte)'B' or 0x8b => left < 5 ? 0 : 5 + (long)BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 1)),
            (byte)'c' => Lines(file, at),
            _ => 1,
        };
        return length <= left ? (int)length : 0;
    }

    private static int Lines(byte[] file, int at)
    {
        int first = Array.IndexOf(file, (byte)'\n', at), second = first < 0 ? -1 : Array.IndexOf(file, (byte)'\n', first + 1);
        return second < 0 ? 0 : second + 1 - at;
    }

    private static byte[] Text(string latin) => Encoding.Latin1.GetBytes(latin);
}
