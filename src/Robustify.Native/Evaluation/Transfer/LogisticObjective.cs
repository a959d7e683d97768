using System.Numerics;
using System.Runtime.CompilerServices;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Multinomial logistic regression: the mean over images of -ln p(label), plus half the penalty times the squared weights; biases are free.
/// A point is [classes, features + 1], the bias last. Everything is added in double, and images are cut into chunks whose number depends
/// on the shape alone, so that no value depends on the number of workers.
/// </summary>
internal sealed unsafe class LogisticObjective : IObjective, IDisposable
{
    // Rows that share one reading of the weights.
    private const int Tile = 4;
    private const int MostChunks = 32;
    private const long MostPartialNumbers = 1 << 25;

    private readonly FeatureRows features;
    private readonly int[] labels;
    private readonly FeatureScaling scaling;
    private readonly CpuThreads threads;
    private readonly int classes;
    private readonly int width;
    private readonly int chunks;
    private readonly NativeBuffer partial;
    private readonly NativeBuffer scratch;
    private readonly double[] losses;

    /// <param name="features">Images by number.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="rows">Which of them count.</param>
    /// <param name="classes">Classes there are.</param>
    /// <param name="scaling">How features are scaled.</param>
    /// <param name="threads">Who computes.</param>
    public LogisticObjective(FeatureRows features, int[] labels, int[] rows, int classes, FeatureScaling scaling, CpuThreads threads)
    {
        (this.features, this.labels, Rows, this.classes, this.scaling, this.threads) = (features, labels, rows, classes, scaling, threads);
        width = features.Width;
        chunks = (int)Math.Clamp(Math.Min(rows.Length / 64, MostPartialNumbers / Length), 1, MostChunks);
        losses = new double[chunks];
        partial = new NativeBuffer((long)chunks * Length * sizeof(double), "partial gradients");
        scratch = new NativeBuffer((long)threads.Count * Tile * (width + classes) * sizeof(double), "scaled features");
    }

    /// <summary>Numbers of a point.</summary>
    public int Length => classes * (width + 1);

    /// <summary>Images that count where nobody says otherwise.</summary>
    public int[] Rows { get; }

    /// <summary>Asks for an end before the next evaluation.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Weight of the squared weights, at least 0.</summary>
    public double Penalty { get; set; }

    /// <inheritdoc/>
    public double Evaluate(ReadOnlySpan<double> point, Span<double> gradient) => Evaluate(point, gradient, Rows);

    /// <summary>As <see cref="Evaluate(ReadOnlySpan{double}, Span{double})"/>, over some of the images.</summary>
    public double Evaluate(ReadOnlySpan<double> point, Span<double> gradient, ReadOnlySpan<int> rows)
    {
        Cancellation.ThrowIfCancellationRequested();
        fixed (double* w = point, g = gradient)
        fixed (int* r = rows)
        {
            var sum = new SumBody { Objective = this, Point = w, Rows = r, Count = rows.Length };
            threads.For(chunks, ref sum);
            Combine(w, g, 1.0 / rows.Length);
        }

        double loss = 0, squares = 0;
        foreach (double part in losses)
            loss += part;
        for (int c = 0; c < classes; c++)
            squares += Vectors.Dot(point.Slice(c * (width + 1), width), point.Slice(c * (width + 1), width));
        return loss / rows.Length + 0.5 * Penalty * squares;
    }

    /// <summary>The most probable class of each image of <paramref name="images"/>, of equal ones the lowest.</summary>
    public int[] Classify(ReadOnlySpan<double> point, FeatureRows images)
    {
        int[] answers = new int[images.Count];
        fixed (double* w = point)
        {
            var body = new ClassifyBody { Objective = this, Point = w, Images = images, Answers = answers };
            threads.For((images.Count + Tile - 1) / Tile, ref body);
        }

        return answers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        partial.Dispose();
        scratch.Dispose();
    }

    // Next to nothing beside the sums, so it is not worth a second meeting of the workers.
    private void Combine(double* point, double* gradient, double scale)
    {
        new Span<double>(gradient, Length).Clear();
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            double* part = (double*)partial.Pointer + (long)chunk * Length;
            for (int i = 0; i < Length; i++)
                gradient[i] += part[i];
        }

        for (int i = 0; i < Length; i++)
            gradient[i] = gradient[i] * scale + (i % (width + 1) < width ? Penalty * point[i] : 0);
    }

    private double* ScratchOf(int worker) => (double*)scratch.Pointer + (long)worker * Tile * (width + classes);

    /// <summary>Logits of up to four rows of scaled features: [Tile, classes].</summary>
    private void Logits(double* point, double* x, double* logits)
    {
        for (int c = 0; c < classes; c++)
        {
            double* w = point + (long)c * (width + 1);
            Vector<double> s0 = default, s1 = default, s2 = default, s3 = default;
            int i = 0;
            for (; i <= width - Vector<double>.Count; i += Vector<double>.Count)
            {
                var weights = Unsafe.ReadUnaligned<Vector<double>>(w + i);
                s0 = Vector.FusedMultiplyAdd(weights, Unsafe.ReadUnaligned<Vector<double>>(x + i), s0);
                s1 = Vector.FusedMultiplyAdd(weights, Unsafe.ReadUnaligned<Vector<double>>(x + width + i), s1);
                s2 = Vector.FusedMultiplyAdd(weights, Unsafe.ReadUnaligned<Vector<double>>(x + 2 * width + i), s2);
                s3 = Vector.FusedMultiplyAdd(weights, Unsafe.ReadUnaligned<Vector<double>>(x + 3 * width + i), s3);
            }

            double t0 = Vector.Sum(s0), t1 = Vector.Sum(s1), t2 = Vector.Sum(s2), t3 = Vector.Sum(s3);
            for (; i < width; i++)
            {
                t0 += w[i] * x[i];
                t1 += w[i] * x[width + i];
                t2 += w[i] * x[2 * width + i];
                t3 += w[i] * x[3 * width + i];
            }

            logits[c] = t0 + w[width];
            logits[classes + c] = t1 + w[width];
            logits[2 * classes + c] = t2 + w[width];
            logits[3 * classes + c] = t3 + w[width];
        }
    }

    /// <summary>Adds four rows of scaled features, weighted by [Tile, classes], to a gradient.</summary>
    private void AddOuterProducts(double* factors, double* x, double* gradient)
    {
        for (int c = 0; c < classes; c++)
        {
            double* g = gradient + (long)c * (width + 1);
            double f0 = factors[c], f1 = factors[classes + c], f2 = factors[2 * classes + c], f3 = factors[3 * classes + c];
            Vector<double> v0 = new(f0), v1 = new(f1), v2 = new(f2), v3 = new(f3);
            int i = 0;
            for (; i <= width - Vector<double>.Count; i += Vector<double>.Count)
            {
                var sum = Unsafe.ReadUnaligned<Vector<double>>(g + i);
                sum = Vector.FusedMultiplyAdd(v0, Unsafe.ReadUnaligned<Vector<double>>(x + i), sum);
                sum = Vector.FusedMultiplyAdd(v1, Unsafe.ReadUnaligned<Vector<double>>(x + width + i), sum);
                sum = Vector.FusedMultiplyAdd(v2, Unsafe.ReadUnaligned<Vector<double>>(x + 2 * width + i), sum);
                sum = Vector.FusedMultiplyAdd(v3, Unsafe.ReadUnaligned<Vector<double>>(x + 3 * width + i), sum);
                Unsafe.WriteUnaligned(g + i, sum);
            }

            for (; i < width; i++)
                g[i] += f0 * x[i] + f1 * x[width + i] + f2 * x[2 * width + i] + f3 * x[3 * width + i];
            g[width] += f0 + f1 + f2 + f3;
        }
    }

    private struct SumBody : IParallelBody
    {
        public LogisticObjective Objective;
        public double* Point;
        public int* Rows;
        public int Count;

        public readonly void Invoke(int index, int worker)
        {
            var o = Objective;
            int first = (int)((long)Count * index / o.chunks), end = (int)((long)Count * (index + 1) / o.chunks);
            double* gradient = (double*)o.partial.Pointer + (long)index * o.Length, x = o.ScratchOf(worker), factors = x + Tile * o.width;
            new Span<double>(gradient, o.Length).Clear();
            double loss = 0;
            for (; first < end; first += Tile)
            {
                int rows = Math.Min(Tile, end - first);
                for (int r = 0; r < Tile; r++)
                    o.scaling.Apply(o.features[Rows[first + Math.Min(r, rows - 1)]], new Span<double>(x + r * o.width, o.width));
                o.Logits(Point, x, factors);
                for (int r = 0; r < Tile; r++)
                {
                    var row = new Span<double>(factors + r * o.classes, o.classes);
                    if (r < rows)
                        loss += Residual(row, o.labels[Rows[first + r]]);
                    else
                        row.Clear();
                }

                o.AddOuterProducts(factors, x, gradient);
            }

            o.losses[index] = loss;
        }

        /// <summary>Logits become probabilities less the label's; the result is -ln p(label).</summary>
        private static double Residual(Span<double> logits, int label)
        {
            double largest = double.NegativeInfinity, sum = 0, own = logits[label];
            foreach (double logit in logits)
                largest = Math.Max(largest, logit);
            foreach (ref double logit in logits)
            {
                logit = Math.Exp(logit - largest);
                sum += logit;
            }

            foreach (ref double p in logits)
                p /= sum;
            logits[label] -= 1;
            return Math.Log(sum) + largest - own;
        }
    }

    private struct ClassifyBody : IParallelBody
    {
        public LogisticObjective Objective;
        public double* Point;
        public FeatureRows Images;
        public int[] Answers;

        public readonly void Invoke(int index, int worker)
        {
            var o = Objective;
            int first = index * Tile, rows = Math.Min(Tile, Images.Count - first);
            double* x = o.ScratchOf(worker), logits = x + Tile * o.width;
            for (int r = 0; r < Tile; r++)
                o.scaling.Apply(Images[first + Math.Min(r, rows - 1)], new Span<double>(x + r * o.width, o.width));
            o.Logits(Point, x, logits);
            for (int r = 0; r < rows; r++)
            {
                int best = 0;
                for (int c = 1; c < o.classes; c++)
                {
                    if (logits[r * o.classes + c] > logits[r * o.classes + best])
                        best = c;
                }

                Answers[first + r] = best;
            }
        }
    }
}
