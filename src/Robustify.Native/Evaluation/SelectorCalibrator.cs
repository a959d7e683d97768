using System.Numerics.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Sources;
using Robustify.Native.Method;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>
/// Finds the selector's two numbers on held-out images, clean and corrupted: the most accurate choice on corrupted ones among those that
/// keep clean accuracy within a margin of the original model's. Test images have no part in it.
/// </summary>
public static class SelectorCalibrator
{
    // A grid over all score differences, beside the candidates that the promise on clean images turns on.
    private const int Candidates = 41;

    /// <summary>Calibrates on the given images of a source.</summary>
    /// <param name="student">Its calibration so far is ignored.</param>
    /// <param name="original">The model whose clean accuracy is the measure.</param>
    /// <param name="source">Training source.</param>
    /// <param name="heldOut">Images that were not trained on.</param>
    /// <param name="cleanMargin">How much of the original's clean accuracy on these images may be given away.</param>
    /// <param name="seed">Key of the corruptions' draws; each image gets one corruption and severity in turn.</param>
    /// <param name="context">Device and progress.</param>
    public static SelectorCalibration Run(
        StudentPredictor student, IPredictor original, IImageSource source, int[] heldOut, double cleanMargin, ulong seed, RunContext context)
    {
        var clean = new List<Answer>();
        var corrupted = new List<Answer>();
        long originalCorrect = 0;
        var batch = new ImageBatch(student.Model, Benchmark.BatchSize, context.Workers);
        var conditions = AllConditions();
        context.Progress.Begin("calibration", heldOut.Length, "images");
        for (int first = 0; first < heldOut.Length; first += Benchmark.BatchSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(Benchmark.BatchSize, heldOut.Length - first);
            batch.Read(context.Threads, source, heldOut.AsSpan(first, count));
            batch.ShowClean(context.Threads);
            Collect(student, source, batch, clean, context);
            originalCorrect += CountCorrect(original, source, batch, context);

            // In turn over the images, so that few of them see every corruption and severity about equally often.
            batch.Corrupt(context.Threads, new ConditionCycle(conditions, first), seed);
            Collect(student, source, batch, corrupted, context);
            context.Progress.Report(first + count, double.NaN);
        }

        context.Progress.End();
        return Best(clean, corrupted, (double)originalCorrect / Math.Max(1, heldOut.Length) - cleanMargin);
    }

    // The four published for validation are too mild on some data to show that the unclean head is of use.
    private static (Corruption Corruption, int Severity)[] AllConditions() =>
        [.. CorruptionCatalog.All.SelectMany(c => Enumerable.Range(1, Corruption.MaxSeverity).Select(severity => (c, severity)))];

    /// <summary>The best of a grid of biases and widths taken from the quantiles of the score differences themselves.</summary>
    public static SelectorCalibration Best(IReadOnlyList<Answer> clean, IReadOnlyList<Answer> corrupted, double leastClean)
    {
        double[] differences = [.. clean.Concat(corrupted).Select(a => a.ScoreDifference).Order()];
        if (differences.Length == 0)
            return SelectorCalibration.None;
        double[] biases =
        [
            0, .. Enumerable.Range(0, Candidates).Select(i => differences[(int)((long)i * (differences.Length - 1) / (Candidates - 1))]),
            .. LargestOf(clean),
        ];
        double[] magnitudes = [.. differences.Select(Math.Abs).Order()];
        double[] widths = [0, .. Enumerable.Range(1, 10).Select(i => magnitudes[i * (magnitudes.Length - 1) / 10])];

        // Always the clean head: where nothing else keeps the promise on clean images, this comes closest to it.
        var best = new SelectorCalibration(0, differences[^1] + 1);
        double bestClean = Accuracy(clean, best), bestCorrupted = Accuracy(corrupted, best);
        foreach (double bias in biases)
        {
            foreach (double width in widths)
            {
                var candidate = new SelectorCalibration(width, bias);
                double onClean = Accuracy(clean, candidate), onCorrupted = Accuracy(corrupted, candidate);
                bool keepsPromise = onClean >= leastClean, bestKeepsPromise = bestClean >= leastClean;
                bool better = keepsPromise == bestKeepsPromise
                    ? (keepsPromise ? onCorrupted > bestCorrupted : onClean > bestClean)
                    : keepsPromise;
                if (better)
                    (best, bestClean, bestCorrupted) = (candidate, onClean, onCorrupted);
            }
        }

        return best;
    }

    /// <summary>
    /// The 1st, 2nd, 3rd, 4th, 6th, 8th, 12th ... largest difference: the promise on clean images allows few of them to leave the clean
    /// head, so how many is searched finely where they are few.
    /// </summary>
    private static IEnumerable<double> LargestOf(IReadOnlyList<Answer> clean)
    {
        double[] descending = [.. clean.Select(a => a.ScoreDifference).OrderDescending()];
        for (int rank = 1, step = 1; rank <= descending.Length; rank += step)
        {
            yield return descending[rank - 1];
            if (rank == 4 * step)
                step *= 2;
        }
    }

    private static double Accuracy(IReadOnlyList<Answer> answers, SelectorCalibration calibration)
    {
        long correct = 0;
        foreach (var answer in answers)
        {
            correct += HeadSelector.Choose(answer.ScoreDifference, calibration) switch
            {
                StudentHead.Clean => answer.CleanCorrect ? 1 : 0,
                StudentHead.Unclean => answer.UncleanCorrect ? 1 : 0,
                _ => answer.CombinedCorrect ? 1 : 0,
            };
        }

        return (double)correct / Math.Max(1, answers.Count);
    }

    private static void Collect(StudentPredictor student, IImageSource source, ImageBatch batch, List<Answer> answers, RunContext context)
    {
        batch.Normalize(context.Threads, student.Normalization, student.Images);
        student.Predict(context.Backend, batch.SampleIds);
        for (int row = 0; row < batch.Count; row++)
        {
            int label = source.Label((int)batch.SampleIds[row]);
            answers.Add(new Answer(
                student.ScoreDifferences[row], TensorPrimitives.IndexOfMax(student.Distribution(StudentHead.Clean, row)) == label,
                TensorPrimitives.IndexOfMax(student.Distribution(StudentHead.Unclean, row)) == label,
                TensorPrimitives.IndexOfMax(student.Distribution(StudentHead.Combined, row)) == label));
        }
    }

    private static long CountCorrect(IPredictor predictor, IImageSource source, ImageBatch batch, RunContext context)
    {
        batch.Normalize(context.Threads, predictor.Normalization, predictor.Images);
        predictor.Predict(context.Backend, batch.SampleIds);
        int classes = predictor.Model.Classes;
        long correct = 0;
        for (int row = 0; row < batch.Count; row++)
        {
            int top = TensorPrimitives.IndexOfMax(predictor.Probabilities.Slice(row * classes, classes));
            correct += top == source.Label((int)batch.SampleIds[row]) ? 1 : 0;
        }

        return correct;
    }

    /// <summary>What the search needs of one held-out image.</summary>
    public readonly record struct Answer(double ScoreDifference, bool CleanCorrect, bool UncleanCorrect, bool CombinedCorrect);
}
