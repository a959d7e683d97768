using System.Numerics.Tensors;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Loading;

namespace Robustify.Native.Tests.Evaluation;

/// <summary>
/// The promise of a split tail: the clean head gives the original's answers bit for bit, so that the choice of always that head is among
/// the calibrator's, and clean accuracy on the held-out images stays within the margin of the original's, whatever the other heads do.
/// </summary>
public sealed class SplitTailPromiseTests
{
    private const double Margin = 0.002;
    private const int Images = 240;

    private static VisionTransformer Model { get; } = new(new VisionTransformerOptions
    {
        ImageSize = 28, PatchSize = 7, Channels = 1, Width = 24, Depth = 2, Heads = 3, MlpWidth = 48, Classes = 3,
    });

    [Theory]
    [InlineData(TunedEnd.First, 1)]
    [InlineData(TunedEnd.First, 10)]
    [InlineData(TunedEnd.Last, 1)]
    public void CleanAccuracyOnHeldOutImagesStaysWithinTheMarginForEverySeed(TunedEnd tuned, int dropoutPasses)
    {
        int answersOfOtherHeads = 0;
        for (ulong seed = 1; seed <= 4; seed++)
        {
            var student = new ThreeHeadedStudent(Model, 1, TailKind.Split, tuned);
            using var parameters = new ParameterStore(student.SavedSpecs, _ => false);
            Randomize(parameters, seed);
            using var plain = new ParameterStore(Model.AllSpecs(), _ => false);
            plain.CopyFrom(parameters, name => parameters.Contains(CheckpointNames.OriginalPrefix + name) ? CheckpointNames.OriginalPrefix + name : name);
            using var backend = new CpuBackend(1);
            var context = new RunContext(backend, new CpuThreads(1), SilentProgress.Instance, CancellationToken.None, _ => { });
            using var original = new ClassifierPredictor("original", Model, plain, Normalization.Half(1), Benchmark.BatchSize);
            var inference = new StudentInference { DropoutPasses = dropoutPasses, Seed = seed };
            using var robust = new StudentPredictor("robust", student, parameters, Normalization.Half(1), inference, Benchmark.BatchSize);

            var images = new SyntheticSource(Images, Model.ImageSize, 1);
            var source = new Relabelled(images, Labels(images, original, robust, context, seed));
            int[] heldOut = [.. Enumerable.Range(0, Images)];
            robust.Calibration = SelectorCalibrator.Run(robust, original, source, heldOut, Margin, standardErrors: 0, seed, context);

            int originalRight = 0, robustRight = 0;
            Walk(source, original, robust, context, row =>
            {
                Assert.True(Row(original.Probabilities, row).SequenceEqual(robust.Distribution(StudentHead.Clean, row)), $"seed {seed}: the clean head is not the original");
                answersOfOtherHeads += robust.ChosenHeads[row] == (int)StudentHead.Clean ? 0 : 1;
            }, (image, row) =>
            {
                originalRight += TensorPrimitives.IndexOfMax(Row(original.Probabilities, row)) == source.Label(image) ? 1 : 0;
                robustRight += TensorPrimitives.IndexOfMax(Row(robust.Probabilities, row)) == source.Label(image) ? 1 : 0;
            });
            Assert.True(robustRight >= originalRight - Margin * Images, $"seed {seed}: {robustRight} right of {Images}, {originalRight} by the original");
        }

        // Else the promise would hold because nothing ever left the clean head.
        Assert.True(answersOfOtherHeads > 0, "no seed's selector took another head");
    }

    /// <summary>Half the labels are the original's answers, half the unclean head's: so either is worth choosing now and then.</summary>
    private static int[] Labels(SyntheticSource source, ClassifierPredictor original, StudentPredictor robust, RunContext context, ulong seed)
    {
        int[] labels = new int[source.Count];
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, 0, 0);
        Walk(source, original, robust, context, _ => { }, (image, row) => labels[image] = TensorPrimitives.IndexOfMax(
            random.NextUniform() < 0.5 ? Row(original.Probabilities, row) : robust.Distribution(StudentHead.Unclean, row)));
        return labels;
    }

    private static void Walk(
        IImageSource source, ClassifierPredictor original, StudentPredictor robust, RunContext context, Action<int> eachRow, Action<int, int> each)
    {
        using var batch = new ImageBatch(Model, Benchmark.BatchSize, context);
        for (int first = 0; first < source.Count; first += Benchmark.BatchSize)
        {
            int[] indices = [.. Enumerable.Range(first, Math.Min(Benchmark.BatchSize, source.Count - first))];
            batch.Read(source, indices);
            batch.ShowClean();
            foreach (IPredictor predictor in (IPredictor[])[original, robust])
            {
                batch.Normalize(predictor.Normalization, predictor);
                predictor.Predict(context.Backend, batch.SampleIds);
            }

            for (int row = 0; row < indices.Length; row++)
            {
                eachRow(row);
                each(indices[row], row);
            }
        }
    }

    private static ReadOnlySpan<float> Row(ReadOnlySpan<float> probabilities, int row) => probabilities.Slice(row * Model.Classes, Model.Classes);

    private static void Randomize(ParameterStore store, ulong seed)
    {
        store.Initialize(seed);
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, 1, 0);
        foreach (var parameter in store.All)
        {
            bool isHead = parameter.Spec.Name.StartsWith(Model.HeadName, StringComparison.Ordinal);
            foreach (ref float x in parameter.Value.View.Span)
                x += (float)((isHead ? 0.5 : 0.1) * random.NextNormal());
        }
    }

    private sealed class Relabelled(IImageSource source, int[] labels) : IImageSource
    {
        public string Description => source.Description;

        public int Count => source.Count;

        public IReadOnlyList<string> ClassNames => source.ClassNames;

        public int Label(int index) => labels[index];

        public void Read(int index, Image8 destination) => source.Read(index, destination);
    }
}
