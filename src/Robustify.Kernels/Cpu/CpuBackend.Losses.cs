using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>
/// Losses over rows of logits. A row is computed in double precision, which vectorises all the same and costs little beside the model;
/// every row's loss is kept and the rows are added in their order, so the sum does not depend on the workers.
/// </summary>
public sealed unsafe partial class CpuBackend
{
    // Rows of few classes share a piece, so that the hand-over does not outweigh the work.
    private const int LossElementsPerPiece = 4096;

    /// <inheritdoc cref="Backends.IBackend.CrossEntropy"/>
    /// <exception cref="RobustifyException">A label is not in 0..K-1; nothing has been written then.</exception>
    public void CrossEntropy(
        TensorView logits, TensorView labels, TensorView loss, TensorView dlogits, int firstRow, int rows,
        float smoothing, float scale, bool accumulate)
    {
        int classes = logits.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            int label = labels.Integers[row];
            if ((uint)label >= (uint)classes)
                throw new RobustifyException(
                    $"cross-entropy: row {firstRow + row} has label {label}, 0..{classes - 1} expected; check the labels and the model's classes");
        }

        ReserveWorkerScratch(SoftmaxFloats(classes));
        var rowLosses = (double*)SharedScratch(2L * rows);
        var body = new CrossEntropyRows
        {
            Backend = this, Logits = logits.Floats + (long)firstRow * classes, Labels = labels.Integers,
            Gradient = dlogits.Floats + (long)firstRow * classes, RowLosses = rowLosses, Rows = rows, Classes = classes,
            Smoothing = smoothing, Factor = (double)scale / rows, Accumulate = accumulate,
        };
        threads.For(RowPieces(rows, classes), ref body);
        FinishLoss(loss, rowLosses, rows, (double)scale / rows, accumulate);
        if (!accumulate)
            ClearOutside(dlogits, firstRow, rows);
    }

    /// <inheritdoc cref="Backends.IBackend.Distillation"/>
    public void Distillation(
        TensorView logits, TensorView targets, TensorView weights, TensorView loss, TensorView dlogits, int firstRow, int rows,
        float temperature, float scale, bool accumulate)
    {
        int classes = logits.Shape.Columns;
        ReserveWorkerScratch(2 * SoftmaxFloats(classes));
        var rowLosses = (double*)SharedScratch(2L * rows);
        var body = new DistillationRows
        {
            Backend = this, Logits = logits.Floats + (long)firstRow * classes, Targets = targets.Floats, Weights = weights.Floats,
            Gradient = dlogits.Floats + (long)firstRow * classes, RowLosses = rowLosses, Rows = rows, Classes = classes,
            Temperature = temperature, Factor = (double)scale / rows, Accumulate = accumulate,
        };
        threads.For(RowPieces(rows, classes), ref body);
        FinishLoss(loss, rowLosses, rows, (double)scale / rows, accumulate);
        if (!accumulate)
            ClearOutside(dlogits, firstRow, rows);
    }

    private static int RowsPerPiece(int classes) => Math.Max(1, LossElementsPerPiece / classes);

    private static int RowPieces(int rows, int classes) => (rows + RowsPerPiece(classes) - 1) / RowsPerPiece(classes);

    /// <summary>Scratch floats for one row's probabilities and their logarithms in double.</summary>
    private static long SoftmaxFloats(int classes) => 4L * classes;

    /// <summary>softmax(logits / temperature) and its logarithm; the maximum is taken off first, so nothing overflows.</summary>
    private static void Softmax(ReadOnlySpan<float> logits, double temperature, Span<double> probabilities, Span<double> logProbabilities)
    {
        TensorPrimitives.ConvertTruncating(logits, logProbabilities);
        TensorPrimitives.Subtract(logProbabilities, TensorPrimitives.Max<double>(logProbabilities), logProbabilities);
        if (temperature != 1)
            TensorPrimitives.Divide(logProbabilities, temperature, logProbabilities);
        TensorPrimitives.Exp<double>(logProbabilities, probabilities);
        double sum = TensorPrimitives.Sum<double>(probabilities);
        TensorPrimitives.Divide(probabilities, sum, probabilities);
        TensorPrimitives.Subtract(logProbabilities, Math.Log(sum), logProbabilities);
    }

    /// <summary>destination (+)= gradient; <paramref name="scratch"/> is overwritten and holds as many elements.</summary>
    private static void StoreGradient(ReadOnlySpan<double> gradient, Span<double> scratch, float* destination, bool accumulate)
    {
        var target = new Span<float>(destination, gradient.Length);
        if (!accumulate)
        {
            TensorPrimitives.ConvertTruncating(gradient, target);
            return;
        }

        var narrow = MemoryMarshal.Cast<double, float>(scratch)[..gradient.Length];
        TensorPrimitives.ConvertTruncating(gradient, narrow);
        TensorPrimitives.Add(target, narrow, target);
    }

    private static void FinishLoss(TensorView loss, double* rowLosses, int count, double factor, bool accumulate)
    {
        double sum = 0;
        for (int row = 0; row < count; row++)
            sum += rowLosses[row];
        *loss.Floats = (float)(sum * factor + (accumulate ? *loss.Floats : 0));
    }

    private static void ClearOutside(TensorView dlogits, int firstRow, int rows)
    {
        long classes = dlogits.Shape.Columns, after = firstRow + rows;
        NativeMemory.Clear(dlogits.Floats, (nuint)(firstRow * classes * sizeof(float)));
        NativeMemory.Clear(dlogits.Floats + after * classes, (nuint)((dlogits.Shape.Rows - after) * classes * sizeof(float)));
    }

    private struct CrossEntropyRows : IParallelBody
    {
        public CpuBackend Backend;
        public float* Logits;
        public int* Labels;
        public float* Gradient;
        public double* RowLosses;
        public int Rows;
        public int Classes;
        public double Smoothing;
        public double Factor;
        public bool Accumulate;

        public readonly void Invoke(int index, int worker)
        {
            var probabilities = new Span<double>(Backend.WorkerScratch(worker), Classes);
            var logProbabilities = new Span<double>((double*)Backend.WorkerScratch(worker) + Classes, Classes);
            int first = index * RowsPerPiece(Classes), end = Math.Min(Rows, first + RowsPerPiece(Classes));
            for (int row = first; row < end; row++)
            {
                Softmax(new ReadOnlySpan<float>(Logits + (long)row * Classes, Classes), 1, probabilities, logProbabilities);
                int label = Labels[row];
                double loss = -(1 - Smoothing) * logProbabilities[label];
                if (Smoothing != 0) // else a class masked with minus infinity would turn 0 * infinity into NaN
                {
                    loss -= Smoothing / Classes * TensorPrimitives.Sum<double>(logProbabilities);
                    TensorPrimitives.Subtract(probabilities, Smoothing / Classes, probabilities);
                }

                RowLosses[row] = loss;
                probabilities[label] -= 1 - Smoothing;
                TensorPrimitives.Multiply(probabilities, Factor, probabilities);
                StoreGradient(probabilities, logProbabilities, Gradient + (long)row * Classes, Accumulate);
            }
        }
    }

    private struct DistillationRows : IParallelBody
    {
        public CpuBackend Backend;
        public float* Logits;
        public float* Targets;
        public float* Weights;
        public float* Gradient;
        public double* RowLosses;
        public int Rows;
        public int Classes;
        public double Temperature;
        public double Factor;
        public bool Accumulate;

        public readonly void Invoke(int index, int worker)
        {
            var scratch = (double*)Backend.WorkerScratch(worker);
            var student = new Span<double>(scratch, Classes);
            var logStudent = new Span<double>(scratch + Classes, Classes);
            var teacher = new Span<double>(scratch + 2L * Classes, Classes);
            var logTeacher = new Span<double>(scratch + 3L * Classes, Classes);
            int first = index * RowsPerPiece(Classes), end = Math.Min(Rows, first + RowsPerPiece(Classes));
            for (int row = first; row < end; row++)
            {
                Softmax(new ReadOnlySpan<float>(Logits + (long)row * Classes, Classes), Temperature, student, logStudent);
                Softmax(new ReadOnlySpan<float>(Targets + (long)row * Classes, Classes), Temperature, teacher, logTeacher);
                double divergence = 0;
                for (int k = 0; k < Classes; k++)
                {
                    if (teacher[k] != 0) // 0 log 0 = 0; a NaN passes and shows
                        divergence += teacher[k] * (logTeacher[k] - logStudent[k]);
                }

                double weight = Weights == null ? 1 : Weights[row];
                RowLosses[row] = weight * Temperature * Temperature * divergence;

                // d KL / d logits = (student - teacher) / tau
                TensorPrimitives.Subtract(student, teacher, student);
                TensorPrimitives.Multiply(student, Factor * weight * Temperature, student);
                StoreGradient(student, logStudent, Gradient + (long)row * Classes, Accumulate);
            }
        }
    }
}
