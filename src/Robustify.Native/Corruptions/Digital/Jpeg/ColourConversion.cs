using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Digital.Jpeg;

/// <summary>Between RGB bytes and JFIF's YCbCr in 16-bit fixed point with libjpeg's constants, eight pixels at a time.</summary>
internal static unsafe class ColourConversion
{
    private const int Half = 1 << 15;
    private const int Lanes = 8;

    /// <summary>One row to three. Pixels after the last are the last; <paramref name="padded"/> of them are written, a multiple of 8.</summary>
    public static void ToYcc(ReadOnlySpan<byte> rgb, int* luma, int* blue, int* red, int padded)
    {
        int width = rgb.Length / 3, x = 0;
        fixed (byte* from = rgb)
        {
            for (; x <= width - Lanes - 2; x += Lanes) // the last load looks four bytes beyond its pixels
                Convert(from + x * 3, luma + x, blue + x, red + x);
        }

        byte* tail = stackalloc byte[3 * Lanes + 8];
        for (; x < padded; x += Lanes)
        {
            for (int i = 0; i < Lanes; i++)
            {
                for (int channel = 0; channel < 3; channel++)
                    tail[i * 3 + channel] = rgb[Math.Min(x + i, width - 1) * 3 + channel];
            }

            Convert(tail, luma + x, blue + x, red + x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Convert(byte* rgb, int* luma, int* blue, int* red)
    {
        // 12 bytes are four pixels; a shuffle spreads one channel of them over four integers.
        Vector128<byte> first = Vector128.Load(rgb), second = Vector128.Load(rgb + 12);
        var r = Spread(first, second, 0);
        var g = Spread(first, second, 1);
        var b = Spread(first, second, 2);
        ((r * 19595 + g * 38470 + b * 7471 + Vector256.Create(Half)) >> 16).Store(luma);
        ((b * 32768 - r * 11059 - g * 21709 + Vector256.Create((128 << 16) + Half - 1)) >> 16).Store(blue);
        ((r * 32768 - g * 27439 - b * 5329 + Vector256.Create((128 << 16) + Half - 1)) >> 16).Store(red);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Spread(Vector128<byte> first, Vector128<byte> second, byte channel)
    {
        const byte none = 0x80;
        var order = Vector128.Create(
            channel, none, none, none, (byte)(channel + 3), none, none, none, (byte)(channel + 6), none, none, none, (byte)(channel + 9), none, none, none);
        return Vector256.Create(Vector128.Shuffle(first, order), Vector128.Shuffle(second, order)).AsInt32();
    }

    /// <summary>Three rows to one; each has elements up to the next multiple of 8.</summary>
    public static void ToRgb(int* luma, int* blue, int* red, Span<byte> rgb)
    {
        int width = rgb.Length / 3, x = 0;
        byte* tail = stackalloc byte[3 * Lanes + 8];
        fixed (byte* to = rgb)
        {
            for (; x <= width - Lanes - 2; x += Lanes) // the last store reaches four bytes beyond its pixels
                Convert(luma + x, blue + x, red + x, to + x * 3);
        }

        for (; x < width; x += Lanes)
        {
            Convert(luma + x, blue + x, red + x, tail);
            new ReadOnlySpan<byte>(tail, Math.Min(Lanes, width - x) * 3).CopyTo(rgb[(x * 3)..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Convert(int* luma, int* blue, int* red, byte* rgb)
    {
        var y = Vector256.Load(luma);
        var cb = Vector256.Load(blue) - Vector256.Create(128);
        var cr = Vector256.Load(red) - Vector256.Create(128);
        var r = Clip(y + ((cr * 91881 + Vector256.Create(Half)) >> 16));
        var g = Clip(y + ((Vector256.Create(Half) - cb * 22554 - cr * 46802) >> 16));
        var b = Clip(y + ((cb * 116130 + Vector256.Create(Half)) >> 16));
        var pixels = (r | (g << 8) | (b << 16)).AsByte();
        var order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80);
        Vector128.Shuffle(pixels.GetLower(), order).Store(rgb);
        Vector128.Shuffle(pixels.GetUpper(), order).Store(rgb + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Clip(Vector256<int> value) => Vector256.Min(Vector256.Max(value, Vector256<int>.Zero), Vector256.Create(255));
}
