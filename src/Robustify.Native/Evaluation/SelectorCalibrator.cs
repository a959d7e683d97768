using System.Numerics.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>
/// Finds the selector's two numbers on held-out images, clean and corrupted: the most accurate choice on corrupted ones among those that
/// keep clean accuracy within a margin of the original model's with some confidence. The best of many choices looks better on the images it
/// was chosen on than it is, and few images leave the rest to chance, so the margin must hold some standard errors beyond the mean.
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
    /// <param name="standardErrors">How many standard errors of the paired difference to the original are kept beside the margin, at least 0.</param>
    /// <param name="seed">Key of the corruptions' draws; each image gets one corruption and severity in turn.</param>
    /// <param name="context">Device and progress.</param>
    /// <param name="preprocessing">How pictures become the student's input; null for what torchvision does for classifiers.</param>
    public static SelectorCalibration Run(
        StudentPredictor student, IPredictor original, IImageSource source, int[] heldOut, double cleanMargin, double standardErrors, ulong seed,
        RunContext context, Preprocessing? preprocessing = null)
    {
        var clean = new List<Answer>();
        var corrupted = new List<Answer>();
        int size = student.BatchSize;
        var originalCorrect = new bool[size];
        var geometry = preprocessing is null ? null : InputGeometry.Of(preprocessing, student.Model.ImageSize);
        using var batch = new ImageBatch(student.Model, size, context, geometry);
        var conditions = AllConditions();
        context.Progress.Begin("calibration", heldOut.Length, "images");
        for (int first = 0; first < heldOut.Length; first += size)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(size, heldOut.Length - first);
            batch.Read(source, heldOut.AsSpan(first, count));
            batch.ShowClean();
            AnswerClean(original, source, batch, originalCorrect, context);
            Collect(student, source, batch, originalCorrect, clean, context);

            // In turn over the images, so that few of them see every corruption and severity about equally often.
            batch.Corrupt(new ConditionCycle(conditions, first), seed);
            Collect(student, source, batch, originalCorrect, corrupted, context);
            context.Progress.Report(first + count, double.NaN);
        }

        context.Progress.End();
        return Best(clean, corrupted, cleanMargin, standardErrors);
    }

    // The four published for validation are too mild on some data to show that the unclean head is of use.
    private static (Corruption Corruption, int Severity)[] AllConditions() =>
        [.. CorruptionCatalog.All.SelectMany(c => Enumerable.Range(1, Corruption.MaxSeverity).Select(severity => (c, severity)))];

    /// <summary>The best of a grid of biases and widths taken from the quantiles of the score differences themselves.</summary>
    /// <param name="clean">Answers on clean images.</param>
    /// <param name="corrupted">Answers on corrupted ones.</param>
    /// <param name="cleanMargin">Clean accuracy that may be lost against the original.</param>
    /// <param name="standardErrors">How many standard errors of that loss are added to it before it is held against the margin.</param>
    public static SelectorCalibration Best(
        IReadOnlyList<Answer> clean, IReadOnlyList<Answer> corrupted, double cleanMargin, double standardErrors)
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
        double bestLoss = CleanLoss(clean, best, standardErrors), bestCorrupted = Accuracy(corrupted, best);
        foreach (double bias in biases)
        {
            foreach (double width in widths)
            {
                var candidate = new SelectorCalibration(width, bias);
                double loss = CleanLoss(clean, candidate, standardErrors), onCorrupted = Accuracy(corrupted, candidate);
                bool keepsPromise = loss <= cleanMargin, bestKeepsPromise = bestLoss <= cleanMargin;
                bool better = keepsPromise == bestKeepsPromise
                    ? (keepsPromise ? onCorrupted > bestCorrupted : loss < bestLoss)
                    : keepsPromise;
                if (better)
                    (best, bestLoss, bestCorrupted) = (candidate, loss, onCorrupted);
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
            correct += answer.IsCorrect(calibration) ? 1 : 0;
        return (double)correct / Math.Max(1, answers.Count);
    }

    /// <summary>
    /// Accuracy lost against the original, image by image, plus so many standard errors: with l lost and g gained of n images the loss is
    /// (l - g) / n and its standard error that of the mean of n differences of -1, 0 or 1.
    /// </summary>
    private static double CleanLoss(IReadOnlyList<Answer> answers, SelectorCalibration calibration, double standardErrors)
    {
        int lost = 0, gained = 0;
        foreach (var answer in answers)
        {
            bool correct = answer.IsCorrect(calibration);
            lost += answer.OriginalCorrect && !correct ? 1 : 0;
            gained += correct && !answer.OriginalCorrect ? 1 : 0;
        }

        double n = Math.Max(1, answers.Count), mean = (lost - gained) / n;
        return mean + standardErrors * Math.Sqrt(Math.Max(0, (lost + gained) / n - mean * mean) / n);
    }

    private static void Collect(StudentPredictor student, IImageSource source, ImageBatch batch, bool[] originalCorrect, List<Answer> answers, RunContext context)
    {
        batch.Normalize(student.Normalization, student);
        student.Predict(context.Backend, batch.SampleIds);
        for (int row = 0; row < batch.Count; row++)
        {
            int label = source.Label((int)batch.SampleIds[row]);
            answers.Add(new Answer(
                student.ScoreDifferences[row], originalCorrect[row], TensorPrimitives.IndexOfMax(student.Distribution(StudentHead.Clean, row)) == label,
                TensorPrimitives.IndexOfMax(student.Distribution(StudentHead.Unclean, row)) == label,
                TensorPrimitives.IndexOfMax(student.Distribution(StudentHead.Combined, row)) == label));
        }
    }

    private static void AnswerClean(IPredictor predictor, IImageSource source, ImageBatch batch, bool[] correct, RunContext context)
    {
        batch.Normalize(predictor.Normalization, predictor);
        predictor.Predict(context.Backend, batch.SampleIds);
        int classes = predictor.Model.Classes;
        for (int row = 0; row < batch.Count; row++)
        {
            int top = TensorPrimitives.IndexOfMax(predictor.Probabilities.Slice(row * classes, classes));
            correct[row] = top == source.Label((int)batch.SampleIds[row]);
        }
    }

    /// <summary>What the search needs of one held-out image; whether the original is right counts on clean images alone.</summary>
    public readonly record struct Answer(double ScoreDifference, bool OriginalCorrect, bool CleanCorrect, bool UncleanCorrect, bool CombinedCorrect)
    {
        /// <summary>Whether the head is right that the selector chooses under a calibration.</summary>
        public bool IsCorrect(SelectorCalibration calibration) => HeadSelector.Choose(ScoreDifference, calibration) switch
        {
            StudentHead.Clean => CleanCorrect,
            StudentHead.Unclean => UncleanCorrect,
            _ => CombinedCorrect,
        };
    }
}
