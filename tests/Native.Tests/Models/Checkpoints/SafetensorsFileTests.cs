using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints;

public class SafetensorsFileTests
{
    private const string F = "\"dtype\":\"F32\",";

    public static TheoryData<string, string, int, string> BadHeaders => new()
    {
        { "no JSON", "{\"a\":", 0, "no valid JSON" },
        { "an array", "[1]", 0, "JSON object expected" },
        { "a leading blank", " {}", 0, "JSON object expected" },
        { "text behind", "{} x", 0, "no valid JSON" },
        { "half a surrogate pair", "{\"\\ud800\":{}}", 0, "no valid JSON" },
        { "tensor is a number", "{\"a\":1}", 0, "'a' is no object" },
        { "unknown dtype", "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a' has dtype 'F31'" },
        { "four bits", "{\"a\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1, "'a' is F4, elements of whole bytes expected" },
        { "numeric dtype", "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a' has a dtype that is no string" },
        { "negative extent", "{\"a\":{" + F + "\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "'a' has an element of shape" },
        { "fraction", "{\"a\":{" + F + "\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "'a' has an element of shape" },
        { "exponent", "{\"a\":{" + F + "\"shape\":[1e0],\"data_offsets\":[0,4]}}", 4, "'a' has an element of shape" },
        { "extent beyond 64 bits", "{\"a\":{" + F + "\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4, "'a' has an element of shape" },
        { "overflowing product", "{\"a\":{" + F + "\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}", 4, "'a' has shape [4611686018427387904, 4], whose size overflows" },
        { "overflow hidden by a zero", "{\"a\":{" + F + "\"shape\":[4611686018427387904,4,0],\"data_offsets\":[0,0]}}", 0, "whose size overflows" },
        { "nine dimensions", "{\"a\":{" + F + "\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "'a' has more than 8 numbers in shape" },
        { "shape is a string", "{\"a\":{" + F + "\"shape\":\"1\",\"data_offsets\":[0,4]}}", 4, "'a' has a shape that is no array" },
        { "one offset", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[0]}}", 4, "'a' has 1 data_offsets" },
        { "offsets turned round", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "'a' has data_offsets [4, 0]" },
        { "bytes unlike shape", "{\"a\":{" + F + "\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'a' has 4 bytes, 8 expected for F32 [2]" },
        { "beyond the end", "{\"a\":{" + F + "\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "'a' has data_offsets [0, 8]" },
        { "petabytes", "{\"a\":{" + F + "\"shape\":[281474976710656],\"data_offsets\":[0,1125899906842624]}}", 4, "'a' has data_offsets" },
        { "overlap", "{\"a\":{" + F + "\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{" + F + "\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "'b' starts at byte 4 inside 'a'" },
        { "gap", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{" + F + "\"shape\":[1],\"data_offsets\":[8,12]}}", 12, "'b' starts at byte 8, leaving a gap after 'a'" },
        { "gap in front", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "'a' starts at byte 4, leaving a gap" },
        { "data left over", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "5 bytes of data found, 4 expected" },
        { "duplicate name", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "'a' occurs twice" },
        { "escaped duplicate", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[0,4]},\"\\u0061\":{" + F + "\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "'a' occurs twice" },
        { "duplicate field", "{\"a\":{" + F + F + "\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a' has a field twice" },
        { "foreign field", "{\"a\":{" + F + "\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "'a' has the field 'x'" },
        { "no offsets", "{\"a\":{" + F + "\"shape\":[1]}}", 4, "'a' has no data_offsets" },
        { "metadata is a list", "{\"__metadata__\":[]}", 0, "'__metadata__' is no object" },
        { "metadata holds a number", "{\"__metadata__\":{\"k\":1}}", 0, "'k' is no string" },
        { "metadata key twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "'k' occurs twice" },
        { "line break in a name", "{\"a\\nb\\u001b[2J\":1}", 0, "'a\\u000ab\\u001b[2J' is no object" },
        { "huge name", "{\"" + new string('n', 5000) + "\":1}", 0, "name of 5000 bytes" },
        { "deep nesting", "{\"a\":{\"dtype\":" + new string('[', 5000), 0, "'a' has a dtype that is no string" },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void ABadHeaderIsRefusedInOneLineThatNamesFileAndTensor(string what, string header, int dataLength, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bad.safetensors");
        File.WriteAllBytes(path, RawSafetensors.Bytes(header, dataLength));
        string message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => SafetensorsFile.Open(path)));
        Assert.True(message.StartsWith(path, StringComparison.Ordinal) && message.Contains(expected, StringComparison.Ordinal), $"{what}: {message}");
    }

    [Theory]
    [InlineData(0UL, "header length is 0")]
    [InlineData(3UL, "announced")]
    [InlineData(100_000_001UL, "header length is 100000001")]
    [InlineData(1UL << 60, "header length is 1152921504606846976")]
    [InlineData(ulong.MaxValue, "header length is 18446744073709551615")]
    public void AnImpossibleHeaderLengthIsRefused(ulong length, string expected)
    {
        using var folder = new TemporaryFolder();
        var bytes = new byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(folder.File("a"), bytes);
        RawSafetensors.Refuses(expected, () => SafetensorsFile.Open(folder.File("a")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void AFileShorterThanALengthIsRefused(int length)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), new byte[length]);
        string message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => SafetensorsFile.Open(folder.File("a"))));
        Assert.Contains($"{length} bytes found, at least 8 expected", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("missing.safetensors")]
    [InlineData("missing/missing.safetensors")]
    public void AMissingFileOrAFolderIsRefused(string name)
    {
        using var folder = new TemporaryFolder();
        RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => SafetensorsFile.Open(folder.File(name))));
    }

    [Fact]
    public void TextThatIsNoUtf8IsRefused()
    {
        using var folder = new TemporaryFolder();
        byte[] header = [.. "{\""u8, 0xff, 0xfe, .. "\":{}}"u8];
        File.WriteAllBytes(folder.File("a"), RawSafetensors.Bytes(header, 0));
        RawSafetensors.Refuses("no valid JSON", () => SafetensorsFile.Open(folder.File("a")));
    }

    [Theory]
    [InlineData(16_384, false)]
    [InlineData(200_000, true)]
    public void ADenseHeaderTakesBoundedMemory(int tensors, bool isRefused)
    {
        // The header with the most managed memory a byte: the shortest entries. A tensor costs some 400 bytes with both name tables
        // while they grow, and beyond 16384 tensors the file is refused, so 8 MiB is the most that a header can take beyond twice its text.
        using var folder = new TemporaryFolder();
        var header = new StringBuilder("{");
        for (int i = 0; i < tensors; i++)
            header.Append(i == 0 ? "" : ",").Append($"\"{i:x}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        byte[] bytes = RawSafetensors.Bytes(header.Append('}').ToString(), 0);
        File.WriteAllBytes(folder.File("a"), bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var thrown = Record.Exception(() => SafetensorsFile.Open(folder.File("a")).Dispose());
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, 8 << 20);
        if (isRefused)
            Assert.Contains("more than 16384 tensors", RawSafetensors.OneLineOf(Assert.IsType<RobustifyException>(thrown)), StringComparison.Ordinal);
        else
            Assert.Null(thrown);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "infinity")]
    [InlineData(float.NegativeInfinity, "infinity")]
    public void ANonFiniteElementIsNamed(float value, string shown)
    {
        using var folder = new TemporaryFolder();
        foreach (StoredDType dtype in (StoredDType[])[StoredDType.F32, StoredDType.BF16])
        {
            var values = new float[300];
            values[271] = value;
            var writer = new SafetensorsWriter();
            writer.AddFloats("fine", [2], new float[] { float.MaxValue, float.MinValue });
            writer.AddFloats("x", [3, 100], values, dtype);
            writer.Save(folder.File("a"));
            using var file = SafetensorsFile.Open(folder.File("a"));
            RawSafetensors.Refuses($"a: tensor 'x' holds {shown} at element 271;", file.RequireFinite);
        }
    }

    [Theory]
    [InlineData("F64", 0x7ff8000000000000UL, "NaN")]
    [InlineData("F64", 0x7e37e43c8800759cUL, "a value beyond float32")] // 1e300
    [InlineData("F16", 0x7c00UL, "infinity")]
    public void ANonFiniteDoubleOrHalfIsNamed(string dtype, ulong bits, string shown)
    {
        using var folder = new TemporaryFolder();
        int size = dtype == "F64" ? 8 : 2;
        byte[] bytes = RawSafetensors.Bytes($"{{\"x\":{{\"dtype\":\"{dtype}\",\"shape\":[3],\"data_offsets\":[0,{3 * size}]}}}}", 3 * size);
        MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in bits))[..size].CopyTo(bytes.AsSpan(bytes.Length - size));
        File.WriteAllBytes(folder.File("a"), bytes);
        using var file = SafetensorsFile.Open(folder.File("a"));
        RawSafetensors.Refuses($"tensor 'x' holds {shown} at element 2;", file.RequireFinite);
    }

    [Fact]
    public void ReadingAnIntegerTensorAsFloatOrIntoAnotherSizeIsRefused()
    {
        using var folder = new TemporaryFolder();
        var writer = new SafetensorsWriter();
        writer.AddIntegers("i", [2], new long[] { 1, 2 });
        writer.AddFloats("f", [2], new float[2]);
        writer.Save(folder.File("a"));
        using var file = SafetensorsFile.Open(folder.File("a"));
        RawSafetensors.Refuses("'i' is I64, a float type expected", () => file.ReadFloat32("i", new float[2]));
        RawSafetensors.Refuses("'f' has shape [2], 3 elements expected", () => file.ReadFloat32("f", new float[3]));
        RawSafetensors.Refuses("no tensor 'g'", () => file.ReadFloat32("g", new float[3]));
    }

    [Theory]
    [InlineData(StoredDType.F8_E4M3, 4, 7)]
    [InlineData(StoredDType.F8_E5M2, 5, 15)]
    [InlineData(StoredDType.F8_E8M0, 8, 127)]
    public void EveryByteOfAnEightBitFloatHasTheValueOfItsDefinition(StoredDType dtype, int exponentBits, int bias)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = RawSafetensors.Bytes($"{{\"x\":{{\"dtype\":\"{dtype}\",\"shape\":[256],\"data_offsets\":[0,256]}}}}", 256);
        for (int i = 0; i < 256; i++)
            bytes[bytes.Length - 256 + i] = (byte)i;
        File.WriteAllBytes(folder.File("a"), bytes);
        using var file = SafetensorsFile.Open(folder.File("a"));
        var values = new float[256];
        file.ReadFloat32("x", values);
        Assert.All(values, (value, i) => Assert.Equal((float)Expected(i), value));

        // OCP's Microscaling formats 1.0 and 8-bit floating point 1.0: E5M2 has IEEE's infinities and NaNs, E4M3 but two NaNs, E8M0 one, no sign and no 0.
        double Expected(int bits)
        {
            int fractionBits = dtype == StoredDType.F8_E8M0 ? 0 : 7 - exponentBits, all = (1 << exponentBits) - 1;
            int exponent = (bits >> fractionBits) & all, fraction = bits & ((1 << fractionBits) - 1);
            double sign = dtype != StoredDType.F8_E8M0 && bits >= 128 ? -1 : 1;
            bool isSpecial = exponent == all && (dtype != StoredDType.F8_E4M3 || fraction == 7);
            if (isSpecial)
                return dtype == StoredDType.F8_E5M2 && fraction == 0 ? sign * double.PositiveInfinity : double.NaN;
            double part = (double)fraction / (1 << fractionBits);
            return sign * (exponent > 0 || dtype == StoredDType.F8_E8M0 ? (1 + part) * Math.Pow(2, exponent - bias) : part * Math.Pow(2, 1 - bias));
        }
    }

    [Theory]
    [InlineData(0x10280)] // The first bytes of a pickle,
    [InlineData(0x213c)] // and of a page of the web.
    public void AHeaderWhoseLengthLooksLikeAnotherFormatIsRead(int length)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), RawSafetensors.Bytes("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}".PadRight(length), 1));
        using var file = TensorFiles.Open(folder.File("a"));
        Assert.Equal(["x"], file.Names);
    }

    [Fact]
    public void AClosedFileGivesNoPointerIntoUnmappedMemory()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a"), RawSafetensors.Bytes("{}", 0));
        var file = SafetensorsFile.Open(folder.File("a"));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.TryGet("a", out _));
    }
}
