using System.Runtime.CompilerServices;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>
/// Between RGB and HSV, all in [0, 1]: A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978, in scikit-image's order of operations,
/// which decides the last bit and so what truncation gives.
/// </summary>
internal static class HueSaturationValue
{
    /// <summary>Hue (a full turn is 1; 0 for greys), saturation (0 for black) and value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (double Hue, double Saturation, double Value) FromRgb(double red, double green, double blue)
    {
        double value = Math.Max(Math.Max(red, green), blue);
        double delta = value - Math.Min(Math.Min(red, green), blue);
        if (delta == 0)
            return (0, 0, value);

        // On ties the later channel wins, hence blue first.
        double sextant = blue == value ? 4 + (red - green) / delta
            : green == value ? 2 + (blue - red) / delta
            : (green - blue) / delta;
        double turn = sextant / 6;
        return (turn < 0 ? turn + 1 : turn, delta / value, value);
    }

    /// <summary>The inverse of <see cref="FromRgb"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (double Red, double Green, double Blue) ToRgb(double hue, double saturation, double value)
    {
        double sector = Math.Floor(hue * 6);
        double fraction = hue * 6 - sector;
        double p = value * (1 - saturation);
        double q = value * (1 - fraction * saturation);
        double t = value * (1 - (1 - fraction) * saturation);
        return ((int)sector % 6) switch
        {
            0 => (value, t, p),
            1 => (q, value, p),
            2 => (p, value, t),
            3 => (p, q, value),
            4 => (t, p, value),
            _ => (value, p, q),
        };
    }
}
