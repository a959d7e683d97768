using System.Runtime.InteropServices;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints;

[Trait("Category", "Golden")]
public class SafetensorsGoldenTests
{
    private const string Folder = "safetensors_dtypes";

    [Fact]
    public void EveryTypeReadsAsTheReferenceWroteIt()
    {
        using var file = SafetensorsFile.Open(GoldenData.PathOf("models", Folder, "dtypes.safetensors"));
        var expected = GoldenData.Json("models", Folder, "expected.json").EnumerateObject().ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Select(e => e.Name).Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach (var tensor in expected)
        {
            Assert.True(file.TryGet(tensor.Name, out TensorEntry entry));
            Assert.Equal(tensor.Value.GetProperty("shape").EnumerateArray().Select(x => x.GetInt64()), entry.Shape);
            double[] values = GoldenData.Doubles(tensor.Value.GetProperty("values"));

            // Exact: no type loses anything against its own values written as doubles.
            Assert.Equal(values, Values(entry));
            if (entry.DType.IsFloat())
            {
                var singles = new float[entry.ElementCount];
                file.ReadFloat32(tensor.Name, singles);
                Assert.Equal(values.Select(v => (float)v), singles);
            }
        }

        file.RequireFinite();
    }

    private static double[] Values(TensorEntry entry) => entry.DType switch
    {
        StoredDType.F64 => MemoryMarshal.Cast<byte, double>(entry.Data).ToArray(),
        StoredDType.F32 => [.. MemoryMarshal.Cast<byte, float>(entry.Data).ToArray()],
        StoredDType.F16 => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(entry.Data).ToArray(), h => (double)h),
        StoredDType.BF16 => Array.ConvertAll(MemoryMarshal.Cast<byte, ushort>(entry.Data).ToArray(), b => (double)BitConverter.Int32BitsToSingle(b << 16)),
        StoredDType.I64 => Array.ConvertAll(MemoryMarshal.Cast<byte, long>(entry.Data).ToArray(), i => (double)i),
        StoredDType.I32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(entry.Data).ToArray(), i => (double)i),
        StoredDType.I16 => Array.ConvertAll(MemoryMarshal.Cast<byte, short>(entry.Data).ToArray(), i => (double)i),
        StoredDType.I8 => Array.ConvertAll(MemoryMarshal.Cast<byte, sbyte>(entry.Data).ToArray(), i => (double)i),
        _ => Array.ConvertAll(entry.Data.ToArray(), i => (double)i),
    };
}
