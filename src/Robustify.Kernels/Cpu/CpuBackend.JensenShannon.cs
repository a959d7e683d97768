using System.Numerics.Tensors;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>The consistency loss of AugMix; the row functions are those of the other losses.</summary>
public sealed unsafe partial class CpuBackend
{
    // The reference code clamps the mixture there before its logarithm; no gradient passes where it does.
    private const double MixtureFloor = 1e-7;

    /// <inheritdoc cref="Backends.IBackend.JensenShannon"/>
    public void JensenShannon(TensorView logits, TensorView loss, TensorView dlogits, float scale, bool accumulate)
    {
        int classes = logits.Shape.Columns, samples = logits.Shape.Rows / 3;
        ReserveWorkerScratch(4 * SoftmaxFloats(classes));
        var sampleLosses = (double*)SharedScratch(2L * samples);
        double factor = (double)scale / samples / 3;
        var body = new JensenShannonSamples
        {
            Backend = this, Logits = logits.Floats, Gradient = dlogits.Floats, SampleLosses = sampleLosses, Samples = samples,
            Classes = classes, Factor = factor, Accumulate = accumulate,
        };
        threads.For(RowPieces(samples, classes), ref body);
        FinishLoss(loss, sampleLosses, samples, factor, accumulate);
    }

    private struct JensenShannonSamples : IParallelBody
    {
        public CpuBackend Backend;
        public float* Logits;
        public float* Gradient;
        public double* SampleLosses;
        public int Samples;
        public int Classes;
        public double Factor;
        public bool Accumulate;

        public readonly void Invoke(int index, int worker)
        {
            var scratch = (double*)Backend.WorkerScratch(worker);
            int first = index * RowsPerPiece(Classes), end = Math.Min(Samples, first + RowsPerPiece(Classes));
            for (int sample = first; sample < end; sample++)
                Sample(sample, scratch);
        }

        // Scratch, in units of the number of classes: probabilities of the three views, their logarithms, the mixture, its logarithm.
        private readonly void Sample(int sample, double* scratch)
        {
            for (int view = 0; view < 3; view++)
                Softmax(new ReadOnlySpan<float>(Row(Logits, view, sample), Classes), 1, Part(scratch, view), Part(scratch, 3 + view));

            Span<double> mixture = Part(scratch, 6), logMixture = Part(scratch, 7);
            TensorPrimitives.Add<double>(Part(scratch, 0), Part(scratch, 1), mixture);
            TensorPrimitives.Add<double>(mixture, Part(scratch, 2), mixture);
            TensorPrimitives.Divide(mixture, 3, mixture);
            for (int k = 0; k < Classes; k++)
                logMixture[k] = Math.Clamp(mixture[k], MixtureFloor, 1);
            TensorPrimitives.Log<double>(logMixture, logMixture);

            double divergence = 0;
            for (int view = 0; view < 3; view++)
                divergence += View(sample, view, Part(scratch, view), Part(scratch, 3 + view), mixture, logMixture);
            SampleLosses[sample] = divergence;
        }

        /// <summary>
        /// KL(p || M) and the gradient of the whole loss with respect to this view's logits. With g = d sum_i KL(p_i || M) / d p =
        /// log p - log M + 1 - [M not clamped], as p_1 + p_2 + p_3 = 3 M there, the gradient is p (g - sum p g).
        /// </summary>
        private readonly double View(
            int sample, int view, Span<double> probabilities, Span<double> logProbabilities, ReadOnlySpan<double> mixture,
            ReadOnlySpan<double> logMixture)
        {
            double divergence = 0, mean = 0;
            for (int k = 0; k < Classes; k++)
            {
                double p = probabilities[k], ratio = p == 0 ? 0 : logProbabilities[k] - logMixture[k];
                double g = ratio + (mixture[k] < MixtureFloor ? 1 : 0);
                divergence += p * ratio;
                mean += p * g;
                logProbabilities[k] = g;
            }

            TensorPrimitives.Subtract(logProbabilities, mean, logProbabilities);
            TensorPrimitives.Multiply(logProbabilities, probabilities, probabilities);
            TensorPrimitives.Multiply(probabilities, Factor, probabilities);
            StoreGradient(probabilities, logProbabilities, Row(Gradient, view, sample), Accumulate);
            return divergence;
        }

        private readonly float* Row(float* rows, int view, int sample) => rows + ((long)view * Samples + sample) * Classes;

        private readonly Span<double> Part(double* scratch, int part) => new(scratch + (long)part * Classes, Classes);
    }
}
