using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Robustify.Native.Corruptions.Pixels;

/// <summary>Eight pixels' elements at a time between bytes and 32-bit lanes.</summary>
internal static class PixelLanes
{
    public const int Width = 8;

    /// <summary>Eight bytes as integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(ref byte source)
    {
        var eight = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref source)).AsByte();
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(eight);
        var words = Vector128.WidenLower(eight);
        return Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words)).AsInt32();
    }

    /// <summary>Sixteen bytes as words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector256<ushort> LoadWords(byte* source)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int16(source).AsUInt16();
        var bytes = Vector128.Load(source);
        return Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));
    }

    /// <summary>Eight bytes as floats, 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadLevels(ref byte source) => Vector256.ConvertToSingle(Load(ref source));

    /// <summary>Stores eight integers that lie in 0..255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<int> levels, ref byte destination)
    {
        var words = Vector128.Narrow(levels.GetLower(), levels.GetUpper()).AsUInt16();
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(words, words).AsUInt64().ToScalar());
    }

    /// <summary>Clips eight levels to 0..255 and truncates them, as the reference does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLevels(Vector256<float> levels, ref byte destination) =>
        Store(
            Vector256.ConvertToInt32(Vector256.Min(Vector256.Max(levels, Vector256<float>.Zero), Vector256.Create(255f))),
            ref destination);

    /// <summary>One level, as <see cref="StoreLevels"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ToByte(float level) => (byte)Math.Min(Math.Max(level, 0f), 255f);

    /// <summary>levels[i] = pixels[i].</summary>
    public static void ToLevels(ReadOnlySpan<byte> pixels, Span<float> levels)
    {
        int i = 0;
        ref byte from = ref Unsafe.AsRef(in System.Runtime.InteropServices.MemoryMarshal.GetReference(pixels));
        for (; i <= pixels.Length - Width; i += Width)
            LoadLevels(ref Unsafe.Add(ref from, i)).CopyTo(levels[i..]);
        for (; i < pixels.Length; i++)
            levels[i] = pixels[i];
    }

    /// <summary>pixels[i] = levels[i] clipped to 0..255 and truncated.</summary>
    public static void ToBytes(ReadOnlySpan<float> levels, Span<byte> pixels)
    {
        int i = 0;
        for (; i <= levels.Length - Width; i += Width)
            StoreLevels(Vector256.Create(levels[i..]), ref pixels[i]);
        for (; i < levels.Length; i++)
            pixels[i] = ToByte(levels[i]);
    }
}
