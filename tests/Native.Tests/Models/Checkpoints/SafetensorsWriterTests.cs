using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints;

public class SafetensorsWriterTests
{
    [Fact]
    public void EveryBitPatternOfFloat32ComesBack()
    {
        using var folder = new TemporaryFolder();
        var draws = new PhiloxStream(5, RandomPurpose.Initialization, 0, 0);
        var values = new float[100_003]; // more than a chunk, and odd
        for (int i = 0; i < values.Length; i++)
            values[i] = BitConverter.UInt32BitsToSingle(draws.NextWord());
        var writer = new SafetensorsWriter();
        writer.AddBytes("odd", [3], new byte[] { 1, 2, 255 }); // the floats behind it lie unaligned
        writer.AddFloats("x", [values.Length], values);
        writer.AddFilledFloats("filled", [values.Length, 1], values.Length, values.CopyTo);
        writer.AddFloats("scalar", [], new[] { -0f });
        writer.AddFloats("empty", [0, 3], Array.Empty<float>());
        writer.AddIntegers("i", [1], new[] { long.MinValue });
        writer.SetMetadata("seed", "5 \"é\"\n");
        writer.Save(folder.File("a"));

        using var file = SafetensorsFile.Open(folder.File("a"));
        Assert.Equal(["odd", "x", "filled", "scalar", "empty", "i"], file.Names);
        Assert.Equal("5 \"é\"\n", file.Metadata["seed"]);
        foreach (string name in (string[])["x", "filled"])
        {
            var read = new float[values.Length];
            file.ReadFloat32(name, read);
            Assert.True(MemoryMarshal.AsBytes<float>(values).SequenceEqual(MemoryMarshal.AsBytes<float>(read)), name);
        }

        file.TryGet("i", out TensorEntry integer);
        Assert.Equal(long.MinValue, BinaryPrimitives.ReadInt64LittleEndian(integer.Data));
        file.TryGet("odd", out TensorEntry odd);
        Assert.Equal(new byte[] { 1, 2, 255 }, odd.Data.ToArray());
    }

    [Fact]
    public void BFloat16IsTheNearestAndTiesGoToEven()
    {
        // Pairs of float32 bits and the bfloat16 expected: exact, below and above half, both ties, carry into the exponent, overflow
        // to infinity, signed zero, subnormal, infinity.
        (uint Single, ushort Rounded)[] cases =
        [
            (0x3f800000, 0x3f80), (0x3f807fff, 0x3f80), (0x3f808001, 0x3f81), (0x3f808000, 0x3f80), (0x3f818000, 0x3f82),
            (0x3fffffff, 0x4000), (0x7f7fffff, 0x7f80), (0x80000000, 0x8000), (0x00000001, 0x0000), (0x0000c000, 0x0001), (0xff800000, 0xff80),
        ];
        using var folder = new TemporaryFolder();
        var writer = new SafetensorsWriter();
        float[] values = [.. cases.Select(c => BitConverter.UInt32BitsToSingle(c.Single)), BitConverter.UInt32BitsToSingle(0x7f800001)];
        writer.AddFloats("x", [values.Length], values, StoredDType.BF16);
        writer.Save(folder.File("a"));
        using var file = SafetensorsFile.Open(folder.File("a"));
        file.TryGet("x", out TensorEntry entry);
        ushort[] stored = MemoryMarshal.Cast<byte, ushort>(entry.Data).ToArray();
        Assert.Equal(cases.Select(c => c.Rounded), stored[..^1]);

        var read = new float[values.Length];
        file.ReadFloat32("x", read);
        Assert.True(float.IsNaN(read[^1]), "a NaN whose payload lies in the lower half became an infinity");
        Assert.Equal(cases.Select(c => (uint)c.Rounded << 16), read[..^1].Select(BitConverter.SingleToUInt32Bits));
    }

    [Fact]
    public void TheSameTensorsGiveTheSameBytesAndAnAlignedHeader()
    {
        using var folder = new TemporaryFolder();
        foreach ((string name, string[] keys) in ((string, string[])[])[("a", ["k", "long key", "b"]), ("b", ["b", "long key", "k"])])
        {
            var writer = new SafetensorsWriter();
            foreach (string key in keys)
                writer.SetMetadata(key, key);
            writer.AddFloats("z", [1], new[] { 1f });
            writer.AddFloats("a", [2], new[] { 2f, 3f });
            writer.Save(folder.File(name));
        }

        byte[] bytes = File.ReadAllBytes(folder.File("a"));
        Assert.Equal(bytes, File.ReadAllBytes(folder.File("b")));
        ulong header = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal(0UL, header % 8);
        Assert.Equal(1f, BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(8 + (int)header)));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length); // nothing temporary is left
    }

    [Fact]
    public void AMappedFileCanBeReplacedAndKeepsItsOldContentForItsReader()
    {
        using var folder = new TemporaryFolder();
        Save(1);
        using var old = SafetensorsFile.Open(folder.File("a"));
        Save(2);
        using var replaced = SafetensorsFile.Open(folder.File("a"));
        var values = new float[2];
        old.ReadFloat32("x", values.AsSpan(0, 1));
        replaced.ReadFloat32("x", values.AsSpan(1, 1));
        Assert.Equal([1f, 2f], values);

        void Save(float value)
        {
            var writer = new SafetensorsWriter();
            writer.AddFloats("x", [1], new[] { value });
            writer.Save(folder.File("a"));
        }
    }

    [Fact]
    public void AFolderThatCannotBeWrittenIsRefusedInOneLineAndStaysEmpty()
    {
        using var folder = new TemporaryFolder();
        string locked = folder.File("locked");
        Directory.CreateDirectory(locked);
        File.WriteAllText(folder.File("file"), "");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        List<string> targets = [folder.File("missing/x"), folder.File("file/x"), locked, folder.File("bad\0name"), "/proc/x.safetensors"];
        if (!CanWrite(locked)) // The super-user can: for it the mode says nothing, and /proc stands in.
            targets.Add(Path.Combine(locked, "x"));
        foreach (string target in targets)
        {
            var writer = new SafetensorsWriter();
            writer.AddFloats("x", [1], new float[1]);
            Assert.Matches("cannot be written|is a folder", RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => writer.Save(target))));
        }

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Empty(Directory.GetFileSystemEntries(locked));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public void AFailureWhileWritingLeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a"), "old");
        var writer = new SafetensorsWriter();
        writer.AddFilledFloats("x", [1], 1, _ => throw new InvalidOperationException("half way"));
        Assert.Throws<InvalidOperationException>(() => writer.Save(folder.File("a")));
        Assert.Equal("old", File.ReadAllText(folder.File("a")));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void WhatTheReaderWouldRefuseIsRefusedBeforeItIsWritten()
    {
        var writer = new SafetensorsWriter();
        writer.AddFloats("x", [2], new float[2]);
        Assert.Throws<RobustifyException>(() => writer.AddFloats("x", [2], new float[2]));
        Assert.Throws<RobustifyException>(() => writer.AddFloats("__metadata__", [2], new float[2]));
        Assert.Throws<RobustifyException>(() => writer.AddFloats(new string('é', 400), [2], new float[2]));
        Assert.Throws<RobustifyException>(() => writer.AddFloats("y", [3], new float[2]));
        Assert.Throws<RobustifyException>(() => writer.AddFloats("y2", [-1, -2], new float[2]));
        Assert.Throws<RobustifyException>(() => writer.AddFloats("y3", [1, 1, 1, 1, 1, 1, 1, 1, 2], new float[2]));
        Assert.Throws<RobustifyException>(() => writer.AddFloats("y4", [2], new float[2], StoredDType.F64));
    }

    private static bool CanWrite(string folder)
    {
        try
        {
            File.WriteAllText(Path.Combine(folder, "probe"), "");
            File.Delete(Path.Combine(folder, "probe"));
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
