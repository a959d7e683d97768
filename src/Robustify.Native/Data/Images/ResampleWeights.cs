using Robustify.Kernels;

namespace Robustify.Native.Data.Images;

/// <summary>
/// The fixed-point weights of one axis: target pixel i is the sum of <see cref="Weights"/>[i * <see cref="Stride"/> + k] times source pixel
/// <see cref="First"/>[i] + k for k below <see cref="Count"/>[i], as Pillow computes them for 8-bit images.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fraction bits: 32 less 8 for the pixel and 2 for weights beyond 1 and below 0.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    public ResampleWeights(int sourceSize, int targetSize, ResampleFilter filter)
    {
        double scale = (double)sourceSize / targetSize;
        double filterScale = Math.Max(scale, 1); // the filter widens when reducing: that is the antialiasing
        double support = Support(filter) * filterScale;
        Stride = StrideOf(filter, scale);
        First = new int[targetSize];
        Count = new int[targetSize];
        Weights = new int[targetSize * Stride];
        Span<double> exact = new double[Stride];
        for (int i = 0; i < targetSize; i++)
        {
            double centre = (i + 0.5) * scale;
            int first = Math.Max((int)(centre - support + 0.5), 0);
            int count = Math.Min((int)(centre + support + 0.5), sourceSize) - first;
            double sum = 0;
            for (int k = 0; k < count; k++)
                sum += exact[k] = Evaluate(filter, (k + first - centre + 0.5) * (1 / filterScale));
            for (int k = 0; k < count; k++)
            {
                double scaled = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << PrecisionBits);
                Weights[i * Stride + k] = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
            }

            // Weights of nothing at the ends are left out: what is enlarged by the box filter is then a copy of one pixel.
            Span<int> own = Weights.AsSpan(i * Stride, Math.Max(count, 0));
            int skipped = own.IndexOfAnyExcept(0);
            if (skipped > 0)
            {
                own[skipped..].CopyTo(own);
                own[^skipped..].Clear();
                (first, count) = (first + skipped, count - skipped);
            }

            while (count > 1 && own[count - 1] == 0)
                count--;
            (First[i], Count[i]) = (first, count);
        }
    }

    /// <summary>Weights held for each target pixel where each stands for <paramref name="scale"/> source pixels.</summary>
    public static int StrideOf(ResampleFilter filter, double scale) => (int)Math.Ceiling(Support(filter) * Math.Max(scale, 1)) * 2 + 1;

    /// <summary>Whether target pixel <paramref name="index"/> is one source pixel as it stands.</summary>
    public bool IsCopy(int index) => Count[index] == 1 && Weights[index * Stride] == 1 << PrecisionBits;

    /// <summary>Weights held for each target pixel.</summary>
    public int Stride { get; }

    public int[] First { get; }

    public int[] Count { get; }

    public int[] Weights { get; }

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear or ResampleFilter.Hamming => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new RobustifyException($"resampling: filter {filter} has no weights; use one of box, bilinear, hamming, bicubic, lanczos"),
    };

    private static double Evaluate(ResampleFilter filter, double x)
    {
        double distance = Math.Abs(x);
        return filter switch
        {
            ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            ResampleFilter.Bilinear => distance < 1 ? 1 - distance : 0,
            ResampleFilter.Hamming => distance < 1 ? Sinc(distance) * (0.54 + 0.46 * Math.Cos(distance * Math.PI)) : 0,
            ResampleFilter.Bicubic => Cubic(distance),
            _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        };
    }

    private static double Cubic(double x)
    {
        const double a = -0.5;
        if (x < 1)
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
