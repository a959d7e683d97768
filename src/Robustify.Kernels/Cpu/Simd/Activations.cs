using System.Runtime.CompilerServices;

namespace Robustify.Kernels.Cpu.Simd;

/// <summary>Activation functions and their derivatives on vectors.</summary>
internal static class Activations
{
    private const float InverseSqrt2 = 0.70710678f;
    private const float InverseSqrt2Pi = 0.39894228f;
    private const float QuickSlope = 1.702f;

    /// <summary>x Phi(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Gelu<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.Multiply(x, NormalCdf<TLanes, TVector>(x));

    /// <summary>Phi(x) + x phi(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector GeluDerivative<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var density = TLanes.Multiply(
            TLanes.Broadcast(InverseSqrt2Pi), TLanes.Exp(TLanes.Multiply(TLanes.Broadcast(-0.5f), TLanes.Multiply(x, x))));
        return TLanes.MultiplyAdd(x, density, NormalCdf<TLanes, TVector>(x));
    }

    /// <summary>x sigmoid(1.702 x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector QuickGelu<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.Multiply(x, QuickSigmoid<TLanes, TVector>(x));

    /// <summary>s + 1.702 x s (1 - s) with s = sigmoid(1.702 x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector QuickGeluDerivative<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var s = QuickSigmoid<TLanes, TVector>(x);
        var slope = TLanes.Multiply(TLanes.Broadcast(QuickSlope), TLanes.Multiply(x, TLanes.Subtract(TLanes.Broadcast(1), s)));
        return TLanes.MultiplyAdd(slope, s, s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector QuickSigmoid<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.Divide(
            TLanes.Broadcast(1), TLanes.Add(TLanes.Broadcast(1), TLanes.Exp(TLanes.Multiply(TLanes.Broadcast(-QuickSlope), x))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector NormalCdf<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.MultiplyAdd(
            TLanes.Broadcast(0.5f), Erf<TLanes, TVector>(TLanes.Multiply(x, TLanes.Broadcast(InverseSqrt2))), TLanes.Broadcast(0.5f));

    /// <summary>
    /// The error function as x P(x²) / Q(x²) on [-4, 4], constant outside, where it is +-1 to float precision: the rational approximation
    /// that Eigen and XLA publish for float, within a few units of the last place.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Erf<TLanes, TVector>(TVector x)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        x = TLanes.Max(TLanes.Broadcast(-4), TLanes.Min(TLanes.Broadcast(4), x));
        var square = TLanes.Multiply(x, x);
        var p = TLanes.Broadcast(-2.72614225801306e-10f);
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(2.77068142495902e-08f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-2.10102402082508e-06f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-5.69250639462346e-05f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-7.34990630326855e-04f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-2.95459980854025e-03f));
        p = TLanes.MultiplyAdd(p, square, TLanes.Broadcast(-1.60960333262415e-02f));
        var q = TLanes.Broadcast(-1.45660718464996e-05f);
        q = TLanes.MultiplyAdd(q, square, TLanes.Broadcast(-2.13374055278905e-04f));
        q = TLanes.MultiplyAdd(q, square, TLanes.Broadcast(-1.68282697438203e-03f));
        q = TLanes.MultiplyAdd(q, square, TLanes.Broadcast(-7.37332916720468e-03f));
        q = TLanes.MultiplyAdd(q, square, TLanes.Broadcast(-1.42647390514189e-02f));
        return TLanes.Divide(TLanes.Multiply(x, p), q);
    }
}
