using System.Text;
using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>What a mutation knows of a file: how its parts are made, so that changes reach behind the first check.</summary>
internal enum FileKind
{
    Bytes,
    Json,
    Safetensors,
    TorchArchive,
    TorchLegacy,
}

/// <summary>Ways a file goes wrong, by accident or by intent.</summary>
internal static class Mutation
{
    /// <summary>What a hostile file may say.</summary>
    private static readonly string[] Words =
    [
        "os", "system", "\n", "c__builtin__\neval\n", "cos\nsystem\n", "\"F64\"", "\"I4\"", "18446744073709551615", "-1", "1e400", "[", "]", "{", "}", "\"", ":",
        "\\ud800", "\0\0\0\0\0\0\0\u007f", "../", "data.pkl", "PK\u0001\u0002", "PK\u0005\u0006", "__metadata__", "2147483648", "null", "crop_pct",
    ];

    /// <summary>One to three mutations of a copy, mostly one, half of them by what the kind knows.</summary>
    public static byte[] Of(byte[] original, FileKind kind, PhiloxStream draws)
    {
        if (kind == FileKind.Bytes || draws.NextInteger(0, 2) == 0)
            return OfBytes(original, draws);
        byte[] mutated = original;
        for (int n = Count(draws); n > 0; n--)
        {
            mutated = kind switch
            {
                FileKind.Json => Encoding.UTF8.GetBytes(JsonMutation.Of(mutated, draws)),
                FileKind.Safetensors => SafetensorsMutation.Of(mutated, draws),
                FileKind.TorchArchive => ArchiveMutation.Of(mutated, draws),
                _ => PickleMutation.Of(mutated, pickles: 5, draws),
            };
        }

        return mutated;
    }

    /// <summary>One to three mutations, mostly one, that know nothing.</summary>
    public static byte[] OfBytes(byte[] original, PhiloxStream draws)
    {
        var bytes = new List<byte>(original);
        for (int n = Count(draws); n > 0 && bytes.Count > 0; n--)
            Once(bytes, draws);
        return [.. bytes];
    }

    /// <summary>One of several.</summary>
    public static T Choose<T>(this PhiloxStream draws, IReadOnlyList<T> choices) => choices[draws.NextInteger(0, choices.Count)];

    private static int Count(PhiloxStream draws) => Math.Max(1, draws.NextInteger(-2, 4));

    private static void Once(List<byte> bytes, PhiloxStream draws)
    {
        int at = draws.NextInteger(0, bytes.Count);
        switch (draws.NextInteger(0, 8))
        {
            case 0: // a flipped bit
                bytes[at] ^= (byte)(1 << draws.NextInteger(0, 8));
                break;
            case 1: // another byte
                bytes[at] = (byte)draws.NextInteger(0, 256);
                break;
            case 2: // cut
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 3: // a hole
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, draws.NextInteger(1, 64)));
                break;
            case 4: // a part twice
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, draws.NextInteger(1, 64))));
                break;
            case 5: // a number at its limits
            {
                for (int i = 0, length = draws.NextInteger(1, 9); i < length && at + i < bytes.Count; i++)
                    bytes[at + i] = 0xff;
                break;
            }

            case 6: // a digit for another
            {
                int digit = bytes.FindIndex(at, b => char.IsAsciiDigit((char)b));
                if (digit >= 0)
                    bytes[digit] = (byte)('0' + draws.NextInteger(0, 10));
                break;
            }

            default: // a word written over or inserted
            {
                byte[] word = Encoding.Latin1.GetBytes(draws.Choose(Words));
                if (draws.NextInteger(0, 2) == 0)
                    bytes.RemoveRange(at, Math.Min(word.Length, bytes.Count - at));
                bytes.InsertRange(at, word);
                break;
            }
        }
    }
}
