using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>
/// How sure frozen models are of their answers. In double by the losses' softmax, which takes the largest logit off first: TensorPrimitives'
/// does not, and overflows at logits of 89.
/// </summary>
public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ConfidenceWeights(TensorView logits, TensorView weights, ConfidenceWeighting weighting)
    {
        int rows = logits.Shape.Rows, classes = logits.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            if (weighting == ConfidenceWeighting.None)
            {
                weights.Floats[row] = 1;
                continue;
            }

            var answer = AnswerOf(logits, row, classes);
            weights.Floats[row] = weighting switch
            {
                ConfidenceWeighting.OneMinusEntropy => 1 - NormalizedEntropy(answer),
                ConfidenceWeighting.ExponentialEntropy => MathF.Exp(-NormalizedEntropy(answer)),
                _ => Margin(answer.Probabilities),
            };
        }
    }

    /// <inheritdoc/>
    public void LessUncertain(TensorView a, TensorView b, TensorView y)
    {
        int rows = a.Shape.Rows, classes = a.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            float entropy = NormalizedEntropy(AnswerOf(a, row, classes));
            var chosen = entropy <= NormalizedEntropy(AnswerOf(b, row, classes)) ? a : b;
            chosen.Span.Slice(row * classes, classes).CopyTo(y.Span.Slice(row * classes, classes));
        }
    }

    /// <inheritdoc/>
    public void LogMeanSoftmax(TensorView logits, TensorView y)
    {
        int rows = y.Shape.Rows, classes = y.Shape.Columns, passes = logits.Shape.Rows / rows;
        for (int row = 0; row < rows; row++)
        {
            var mean = y.Span.Slice(row * classes, classes);
            mean.Clear();
            for (int pass = 0; pass < passes; pass++)
            {
                var probabilities = AnswerOf(logits, pass * rows + row, classes).Probabilities;
                for (int i = 0; i < classes; i++)
                    mean[i] += (float)probabilities[i];
            }

            // The smallest normal number keeps a class that no pass gave any probability at a finite log.
            for (int i = 0; i < classes; i++)
                mean[i] = MathF.Log(Math.Max(mean[i] / passes, 1.17549435e-38f));
        }
    }

    /// <summary>softmax of one row and its logarithm, in the shared scratch: valid until the next call.</summary>
    private Answer AnswerOf(TensorView logits, int row, int classes)
    {
        var scratch = (double*)SharedScratch(SoftmaxFloats(classes));
        var answer = new Answer(new Span<double>(scratch, classes), new Span<double>(scratch + classes, classes));
        Softmax(logits.Span.Slice(row * classes, classes), 1, answer.Probabilities, answer.LogProbabilities);
        return answer;
    }

    /// <summary>H(p) / log K, with 0 log 0 = 0; 0 for a single class.</summary>
    private static float NormalizedEntropy(Answer answer)
    {
        Span<double> p = answer.Probabilities, log = answer.LogProbabilities;
        if (p.Length == 1)
            return 0;
        double entropy = 0;
        for (int i = 0; i < p.Length; i++)
        {
            if (p[i] != 0) // a class masked with minus infinity counts nothing; a NaN passes and shows
                entropy -= p[i] * log[i];
        }

        return (float)(entropy / Math.Log(p.Length));
    }

    private static float Margin(ReadOnlySpan<double> probabilities)
    {
        double first = 0, second = 0;
        foreach (double p in probabilities)
        {
            if (p > first)
                (first, second) = (p, first);
            else if (p > second)
                second = p;
        }

        return (float)(first - second);
    }

    private readonly ref struct Answer(Span<double> probabilities, Span<double> logProbabilities)
    {
        public readonly Span<double> Probabilities = probabilities, LogProbabilities = logProbabilities;
    }
}
