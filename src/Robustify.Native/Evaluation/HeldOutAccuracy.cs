using System.Numerics.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Sources;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>How well a model does on images that are held out of training: what the best model of a run is chosen by.</summary>
internal static class HeldOutAccuracy
{
    /// <summary>Top-1 accuracy on the images as they are; for a model that shall be robust the mean of that and the accuracy on corrupted copies.</summary>
    /// <param name="predictor">The model as it stands.</param>
    /// <param name="source">Where the held-out images are.</param>
    /// <param name="heldOut">Images that are not trained on; at least one.</param>
    /// <param name="corrupted">Whether corrupted copies count too: each image has one corruption and severity in turn.</param>
    /// <param name="seed">Key of the corruptions' draws.</param>
    /// <param name="context">Device and progress.</param>
    public static double Measure(IPredictor predictor, IImageSource source, int[] heldOut, bool corrupted, ulong seed, RunContext context)
    {
        using var batch = new ImageBatch(predictor.Model, predictor.BatchSize, context);
        (Corruption, int)[] conditions =
            [.. CorruptionCatalog.All.SelectMany(c => Enumerable.Range(1, Corruption.MaxSeverity).Select(severity => (c, severity)))];
        long correct = 0;
        for (int first = 0; first < heldOut.Length; first += predictor.BatchSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            batch.Read(source, heldOut.AsSpan(first, Math.Min(predictor.BatchSize, heldOut.Length - first)));
            batch.ShowClean();
            correct += CountCorrect(predictor, source, batch, context);
            if (!corrupted)
                continue;
            batch.Corrupt(new ConditionCycle(conditions, first), seed);
            correct += CountCorrect(predictor, source, batch, context);
        }

        return (double)correct / ((long)heldOut.Length * (corrupted ? 2 : 1));
    }

    private static long CountCorrect(IPredictor predictor, IImageSource source, ImageBatch batch, RunContext context)
    {
        batch.Normalize(predictor.Normalization, predictor);
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
}
