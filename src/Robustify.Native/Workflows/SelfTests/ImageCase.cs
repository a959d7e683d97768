using System.Globalization;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Workflows.SelfTests;

/// <summary>Images that a device makes, held against those that one thread makes by itself.</summary>
/// <param name="operation">What makes them.</param>
/// <param name="detail">Sizes and options.</param>
internal abstract class ImageCase(string operation, string detail)
{
    /// <summary>What makes them.</summary>
    public string Operation => operation;

    /// <summary>Operation, sizes and options: unique in the list.</summary>
    public string Name => $"{operation} {detail}";

    /// <summary>What the values are.</summary>
    public abstract DType Type { get; }

    /// <summary>Largest difference of a value; 0 for equal bits.</summary>
    public virtual double Tolerance => 0;

    /// <summary>By one thread that has done nothing else before.</summary>
    protected abstract float[] Expected();

    /// <summary>By the device.</summary>
    protected abstract float[] Made(IBackend backend);

    /// <summary>Makes the images twice and compares.</summary>
    public SelfTestResult Run(IBackend backend)
    {
        float[] expected = Expected(), made = Made(backend), again = Made(backend);
        int differing = 0;
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            // A value that is no number differs by no number, which no comparison below calls small enough.
            double difference = Math.Abs((double)made[i] - expected[i]);
            if (difference <= Tolerance)
                continue;
            differing++;
            largest = difference <= largest ? largest : difference;
        }

        double error = differing == 0 ? 0 : Tolerance > 0 ? largest / Tolerance : double.PositiveInfinity;
        string worst = differing == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $"{differing} of {expected.Length} values differ by up to {largest:G3}, {Tolerance:G3} allowed");
        return new(CaseKind.Image, Operation, Name, Type, new(error, worst, 0), made.AsSpan().SequenceEqual(again));
    }
}
