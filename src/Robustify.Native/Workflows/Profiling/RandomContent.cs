using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>
/// Numbers to time with: drawn, because products of zeros draw less power and run faster than products of data do.
/// </summary>
internal static class RandomContent
{
    // Drawn once and repeated: long enough that no cache holds it as a pattern.
    private const int Period = 1 << 20;

    /// <summary>Fills a Float32 view with draws from the normal distribution times <paramref name="scale"/>.</summary>
    public static void Fill(IBackend backend, TensorView view, float scale = 1)
    {
        var stream = new PhiloxStream(1, RandomPurpose.Initialization, 1, 0);
        var drawn = new float[Math.Min(Period, view.Shape.Count)];
        foreach (ref float x in drawn.AsSpan())
            x = scale * (float)stream.NextNormal();
        for (long first = 0; first < view.Shape.Count; first += drawn.Length)
        {
            int count = (int)Math.Min(drawn.Length, view.Shape.Count - first);
            backend.Upload<float>(drawn.AsSpan(0, count), new TensorView(view.Pointer + (nint)(first * sizeof(float)), DType.Float32, new Shape(count)));
        }
    }
}
