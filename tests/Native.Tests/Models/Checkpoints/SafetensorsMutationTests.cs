using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints;

public class SafetensorsMutationTests
{
    // Tokens of the format itself reach further into the parser than random bytes do.
    private static readonly string[] Words =
    [
        "{", "}", "[", "]", ",", "\"", ":", "-1", "0", "4", "1e9", "4294967296", "9223372036854775807", "\"F64\"", "\"F16\"", "\"U8\"", "null", "\\u0000",
        "\"__metadata__\"", "\"data_offsets\"", "\"shape\"", "blocks.0.", "blocks.99999.", "original.", "cls_token", ".weight", "\n",
    ];

    [Fact]
    public void EveryMutationGivesAClearRefusalOrAValidRead()
    {
        using var folder = new TemporaryFolder();
        byte[][] seeds = [SmallFile(folder, heads: true), SmallFile(folder, heads: false)];
        string path = folder.File("mutated.safetensors");
        int refused = 0, read = 0;
        for (uint i = 0; i < 3000; i++)
        {
            var draws = new PhiloxStream(17, RandomPurpose.Corruption, 0, i);
            byte[] bytes = Mutate(seeds[i % 2], draws);
            File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(path);
                read++;
            }
            catch (RobustifyException e)
            {
                refused++;
                RawSafetensors.OneLineOf(e);
            }
            catch (Exception e)
            {
                Assert.Fail($"mutation {i}: {e}");
            }

            // Twice the file is the claim; the constant is the objects a small file needs and an exception with its stack trace.
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 2 * bytes.Length + 128 * 1024, $"mutation {i}: {allocated} bytes allocated for a file of {bytes.Length}");
        }

        // Both outcomes must be frequent, else the mutations are too wild or too tame to say anything.
        Assert.True(refused > 300 && read > 300, $"{refused} refused, {read} read");
    }

    private static void ReadAll(string path)
    {
        using (var file = SafetensorsFile.Open(path))
        {
            foreach (string name in file.Names)
            {
                Assert.True(file.TryGet(name, out TensorEntry entry));
                if (entry.DType.IsFloat())
                    file.ReadFloat32(name, new float[entry.ElementCount]);
            }
        }

        using var reader = CheckpointReader.Open(path);
        foreach (string name in reader.EngineNames)
        {
            long count = 1;
            foreach (int extent in reader.Shape(name))
                count *= extent;
            reader.Read(name, new float[count]);
        }

        reader.Describe();
        reader.Match([("cls_token", [4]), ("pos_embed", [5, 4]), ("blocks.0.norm1.weight", [4])], name => !name.StartsWith("blocks.1", StringComparison.Ordinal));
        reader.RequireFinite();
    }

    private static byte[] SmallFile(TemporaryFolder folder, bool heads)
    {
        var values = new float[64];
        var tensors = new List<CheckpointTensor>
        {
            new("cls_token", [4], values.AsMemory(0, 4)),
            new("pos_embed", [5, 4], values.AsMemory(0, 20)),
            new("patch_embed.proj.weight", [4, 12], values.AsMemory(0, 48)),
            new("blocks.0.norm1.weight", [4], values.AsMemory(0, 4)),
            new("blocks.0.mlp.fc1.weight", [8, 4], values.AsMemory(0, 32)),
            new("original.blocks.0.norm1.weight", [4], values.AsMemory(0, 4)),
        };
        if (heads)
            tensors.Add(new("head_unclean.weight", [2, 4], values.AsMemory(0, 8)));
        CheckpointWriter.Write(folder.File("seed"), tensors, new Dictionary<string, string> { ["heads"] = "2" }, heads ? StoredDType.F32 : StoredDType.BF16);
        return File.ReadAllBytes(folder.File("seed"));
    }

    private static byte[] Mutate(byte[] seed, PhiloxStream draws)
    {
        var bytes = new List<byte>(seed);
        int header = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(seed);
        switch (draws.NextInteger(0, 6))
        {
            case 0: // flipped bits anywhere
            {
                for (int n = draws.NextInteger(1, 5); n > 0; n--)
                    bytes[draws.NextInteger(0, seed.Length)] ^= (byte)(1 << draws.NextInteger(0, 8));
                break;
            }

            case 1: // flipped bits in the data
                bytes[draws.NextInteger(header, seed.Length)] ^= (byte)(1 << draws.NextInteger(0, 8));
                break;
            case 2: // a byte or the whole end missing
            {
                int at = draws.NextInteger(0, seed.Length);
                bytes.RemoveRange(at, draws.NextInteger(0, 2) == 0 ? 1 : seed.Length - at);
                break;
            }

            case 3: // another header length
                BinaryPrimitives.WriteUInt64LittleEndian(CollectionsMarshal.AsSpan(bytes), draws.NextWord() >> draws.NextInteger(0, 32));
                break;
            case 4: // a digit for another, the length unchanged
            {
                int[] digits = [.. Enumerable.Range(8, header - 8).Where(i => char.IsAsciiDigit((char)seed[i]))];
                bytes[digits[draws.NextInteger(0, digits.Length)]] = (byte)('0' + draws.NextInteger(0, 10));
                break;
            }

            default: // a word inserted or written over, the header length kept true
            {
                byte[] word = Encoding.UTF8.GetBytes(Words[draws.NextInteger(0, Words.Length)]);
                int at = draws.NextInteger(8, header - word.Length);
                if (draws.NextInteger(0, 2) == 0)
                    bytes.RemoveRange(at, word.Length);
                bytes.InsertRange(at, word);
                BinaryPrimitives.WriteUInt64LittleEndian(
                    CollectionsMarshal.AsSpan(bytes), (ulong)(header - 8 + bytes.Count - seed.Length));
                break;
            }
        }

        return [.. bytes];
    }
}
