using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Robustify.Kernels.Random;

/// <summary>
/// Box–Muller in single precision, both branches, as an exactly specified sequence of roundings, so that every device can give the same
/// bits: words (a, b) become r cos t and r sin t with r = sqrt(-2 ln u), u = ((a >> 1) + 1/2) / 2^31 and t = 2 pi b / 2^32. The logarithm,
/// sine and cosine are the polynomials of S. Moshier's Cephes library (logf, sinf, cosf), evaluated with fused multiply-adds.
/// </summary>
internal static class NormalDraws
{
    /// <summary>Words that one call of <see cref="Eight"/> takes and normals it gives.</summary>
    public const int Width = 16;

    /// <summary>normals[i] for i below words.Length, a multiple of 16; the two may be the same memory.</summary>
    public static void FromWords(ReadOnlySpan<uint> words, Span<float> normals)
    {
        for (int i = 0; i < words.Length; i += Width)
        {
            var low = Vector256.Create(words[i..]);
            var high = Vector256.Create(words[(i + 8)..]);
            // Even words give radii, odd ones angles; the shuffles undo each other, so only the pairing matters.
            var order = Vector256.Create(0u, 2, 4, 6, 1, 3, 5, 7);
            low = Vector256.Shuffle(low, order);
            high = Vector256.Shuffle(high, order);
            var radii = Vector256.Create(low.GetLower(), high.GetLower());
            var angles = Vector256.Create(low.GetUpper(), high.GetUpper());
            var (cosines, sines) = Eight(radii, angles);
            var back = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);
            Vector256.Shuffle(Vector256.Create(cosines.GetLower(), sines.GetLower()), back).CopyTo(normals[i..]);
            Vector256.Shuffle(Vector256.Create(cosines.GetUpper(), sines.GetUpper()), back).CopyTo(normals[(i + 8)..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Cosines, Vector256<float> Sines) Eight(Vector256<uint> radii, Vector256<uint> angles)
    {
        var uniform = (Vector256.ConvertToSingle((radii >> 1).AsInt32()) + Vector256.Create(0.5f)) * Vector256.Create(4.656612873e-10f); // 2^-31
        var radius = Vector256.Sqrt(Logarithm(uniform) * Vector256.Create(-2f));
        var (cosine, sine) = Circle(angles);
        return (radius * cosine, radius * sine);
    }

    // ln x for x in (0, 1]: x = m 2^e with m in [sqrt(1/2), sqrt(2)).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Logarithm(Vector256<float> x)
    {
        var bits = x.AsInt32();
        var shifted = bits - Vector256.Create(0x3F3504F3); // the bits of sqrt(1/2)
        var exponent = shifted >> 23;
        var m = (bits - (exponent << 23)).AsSingle() - Vector256<float>.One;
        var e = Vector256.ConvertToSingle(exponent);
        var p = Vector256.Create(7.0376836292e-2f);
        p = Fused(p, m, -1.1514610310e-1f);
        p = Fused(p, m, 1.1676998740e-1f);
        p = Fused(p, m, -1.2420140846e-1f);
        p = Fused(p, m, 1.4249322787e-1f);
        p = Fused(p, m, -1.6668057665e-1f);
        p = Fused(p, m, 2.0000714765e-1f);
        p = Fused(p, m, -2.4999993993e-1f);
        p = Fused(p, m, 3.3333331174e-1f);
        var square = m * m;
        var y = p * m * square;
        y = Vector256.FusedMultiplyAdd(e, Vector256.Create(-2.12194440e-4f), y);
        y = Vector256.FusedMultiplyAdd(square, Vector256.Create(-0.5f), y);
        return Vector256.FusedMultiplyAdd(e, Vector256.Create(0.693359375f), m + y);
    }

    // The turn is cut into quarters about the axes in integers, so nothing is lost in the reduction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Cosine, Vector256<float> Sine) Circle(Vector256<uint> turn)
    {
        var quarter = (turn + Vector256.Create(1u << 29)) >> 30;
        var rest = (turn - (quarter << 30)).AsInt32(); // [-2^29, 2^29): an eighth of a turn to either side
        var t = Vector256.ConvertToSingle(rest) * Vector256.Create(1.4629180793e-9f); // 2 pi / 2^32
        var square = t * t;
        var sine = Fused(Fused(Vector256.Create(-1.9515295891e-4f), square, 8.3321608736e-3f), square, -1.6666654611e-1f);
        sine = Vector256.FusedMultiplyAdd(sine * square, t, t);
        var cosine = Fused(Fused(Vector256.Create(2.443315711809948e-5f), square, -1.388731625493765e-3f), square, 4.166664568298827e-2f);
        cosine = Vector256.FusedMultiplyAdd(cosine * square, square, Vector256.FusedMultiplyAdd(square, Vector256.Create(-0.5f), Vector256<float>.One));

        var swapped = Vector256.Equals(quarter & Vector256<uint>.One, Vector256<uint>.One).AsSingle();
        var sign = Vector256.Create(0x8000_0000u);
        var cosineSign = ((quarter + Vector256<uint>.One) << 30) & sign; // negative in quarters 1 and 2
        var sineSign = (quarter << 30) & sign; // negative in quarters 2 and 3
        return (
            Vector256.ConditionalSelect(swapped, sine, cosine) ^ cosineSign.AsSingle(),
            Vector256.ConditionalSelect(swapped, cosine, sine) ^ sineSign.AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Fused(Vector256<float> a, Vector256<float> b, float c) =>
        Vector256.FusedMultiplyAdd(a, b, Vector256.Create(c));
}
