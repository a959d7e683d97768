using System.Numerics.Tensors;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ConfidenceWeights(TensorView logits, TensorView weights, ConfidenceWeighting weighting)
    {
        int rows = logits.Shape.Rows, classes = logits.Shape.Columns;
        var probabilities = new Span<float>(SharedScratch(classes), classes);
        for (int row = 0; row < rows; row++)
        {
            if (weighting == ConfidenceWeighting.None)
            {
                weights.Floats[row] = 1;
                continue;
            }

            TensorPrimitives.SoftMax(logits.Span.Slice(row * classes, classes), probabilities);
            weights.Floats[row] = weighting switch
            {
                ConfidenceWeighting.OneMinusEntropy => 1 - NormalizedEntropy(probabilities),
                ConfidenceWeighting.ExponentialEntropy => MathF.Exp(-NormalizedEntropy(probabilities)),
                _ => Margin(probabilities),
            };
        }
    }

    /// <inheritdoc/>
    public void LessUncertain(TensorView a, TensorView b, TensorView y)
    {
        int rows = a.Shape.Rows, classes = a.Shape.Columns;
        var probabilities = new Span<float>(SharedScratch(classes), classes);
        for (int row = 0; row < rows; row++)
        {
            var left = a.Span.Slice(row * classes, classes);
            var right = b.Span.Slice(row * classes, classes);
            TensorPrimitives.SoftMax<float>(left, probabilities);
            float entropy = NormalizedEntropy(probabilities);
            TensorPrimitives.SoftMax<float>(right, probabilities);
            (entropy <= NormalizedEntropy(probabilities) ? left : right).CopyTo(y.Span.Slice(row * classes, classes));
        }
    }

    /// <inheritdoc/>
    public void LogMeanSoftmax(TensorView logits, TensorView y)
    {
        int rows = y.Shape.Rows, classes = y.Shape.Columns, passes = logits.Shape.Rows / rows;
        var probabilities = new Span<float>(SharedScratch(classes), classes);
        for (int row = 0; row < rows; row++)
        {
            var mean = y.Span.Slice(row * classes, classes);
            mean.Clear();
            for (int pass = 0; pass < passes; pass++)
            {
                TensorPrimitives.SoftMax(logits.Span.Slice((pass * rows + row) * classes, classes), probabilities);
                TensorPrimitives.Add(mean, probabilities, mean);
            }

            // The smallest normal number keeps a class that no pass gave any probability at a finite log.
            for (int i = 0; i < classes; i++)
                mean[i] = MathF.Log(Math.Max(mean[i] / passes, 1.17549435e-38f));
        }
    }

    /// <summary>H(p) / log K, with 0 log 0 = 0; 0 for a single class.</summary>
    private static float NormalizedEntropy(ReadOnlySpan<float> probabilities)
    {
        if (probabilities.Length == 1)
            return 0;
        double entropy = 0;
        foreach (float p in probabilities)
        {
            if (p > 0)
                entropy -= p * Math.Log(p);
        }

        return (float)(entropy / Math.Log(probabilities.Length));
    }

    private static float Margin(ReadOnlySpan<float> probabilities)
    {
        float first = 0, second = 0;
        foreach (float p in probabilities)
        {
            if (p > first)
                (first, second) = (p, first);
            else if (p > second)
                second = p;
        }

        return first - second;
    }
}
