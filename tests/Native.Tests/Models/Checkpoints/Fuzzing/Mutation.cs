using System.Text;
using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Models.Checkpoints.Fuzzing;

/// <summary>Ways a file goes wrong, by accident or by intent.</summary>
internal static class Mutation
{
    /// <summary>One to three mutations of a copy.</summary>
    public static byte[] Of(byte[] original, PhiloxStream draws, string[] words)
    {
        var bytes = new List<byte>(original);
        for (int n = draws.NextInteger(1, 4); n > 0 && bytes.Count > 0; n--)
            Once(bytes, draws, words);
        return [.. bytes];
    }

    private static void Once(List<byte> bytes, PhiloxStream draws, string[] words)
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
                byte[] word = Encoding.Latin1.GetBytes(words[draws.NextInteger(0, words.Length)]);
                if (draws.NextInteger(0, 2) == 0)
                    bytes.RemoveRange(at, Math.Min(word.Length, bytes.Count - at));
                bytes.InsertRange(at, word);
                break;
            }
        }
    }
}
