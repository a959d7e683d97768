using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests;

/// <summary>Comparisons of tensors with references in double precision, and of runs with each other.</summary>
internal static class Expect
{
    /// <summary>
    /// Every element within <paramref name="tolerance"/> of its reference, relative to the element's size plus the root mean square of all:
    /// an element that is small because large terms cancelled carries their rounding.
    /// </summary>
    public static void Close(ReadOnlySpan<double> expected, TensorView actual, double tolerance)
    {
        Assert.Equal(expected.Length, (int)actual.Shape.Count);
        double squares = 0;
        foreach (double value in expected)
            squares += value * value;
        double scale = Math.Sqrt(squares / expected.Length) + 1e-30;
        var values = actual.Span;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(values[i] - expected[i]) / (Math.Abs(expected[i]) + scale);
            if (!(error <= tolerance))
                Assert.Fail($"element {i} of {actual.Shape}: {values[i]} found, {expected[i]} expected, error {error:E2} above {tolerance:E1}");
        }
    }

    /// <summary>The same bits.</summary>
    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"element {i}: {actual[i]:R} found, {expected[i]:R} expected to the bit");
        }
    }

    /// <summary>Central differences of a scalar function of <paramref name="at"/>, which is put back as it was.</summary>
    public static double[] Differences(double[] at, double step, Func<double> function)
    {
        var gradient = new double[at.Length];
        for (int i = 0; i < at.Length; i++)
        {
            double value = at[i];
            at[i] = value + step;
            double above = function();
            at[i] = value - step;
            gradient[i] = (above - function()) / (2 * step);
            at[i] = value;
        }

        return gradient;
    }

    /// <summary>The elements as doubles.</summary>
    public static double[] Doubles(TensorView view)
    {
        var values = new double[view.Shape.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = view.Span[i];
        return values;
    }

    /// <summary>Sum of products.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>a + b.</summary>
    public static double[] Sum(double[] a, double[] b)
    {
        var sum = new double[a.Length];
        for (int i = 0; i < sum.Length; i++)
            sum[i] = a[i] + b[i];
        return sum;
    }
}
