using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Method;

public sealed class DistillationStepTests
{
    // Losses around 1 from logits in float: a few roundings of 2^-24, through an exponential, times tau².
    private const double LossTolerance = 2e-5;

    private static DistillationOptions Options { get; } = new() { BatchSize = 4, Seed = 9 };

    public static TheoryData<TunedEnd, TailKind, TargetKind, ConfidenceWeighting, float, float, float> Formulas()
    {
        var data = new TheoryData<TunedEnd, TailKind, TargetKind, ConfidenceWeighting, float, float, float>();
        foreach (var tuned in Enum.GetValues<TunedEnd>())
        {
            foreach (var tail in Enum.GetValues<TailKind>())
            {
                foreach (var target in Enum.GetValues<TargetKind>())
                {
                    foreach (var weighting in Enum.GetValues<ConfidenceWeighting>())
                        data.Add(tuned, tail, target, weighting, 2, 1, 0);
                    data.Add(tuned, tail, target, ConfidenceWeighting.Margin, 4, 0.3f, 0.1f);
                    data.Add(tuned, tail, target, ConfidenceWeighting.OneMinusEntropy, 1, 0, 0.2f);
                }
            }
        }

        return data;
    }

    // Trunk once over clean and augmented rows, the original's tail over the clean ones, the teacher over the augmented ones, every head.
    [Theory]
    [InlineData(TailKind.Shared)]
    [InlineData(TailKind.Split)]
    public void StepCountsTheWorkOfEveryModelInIt(TailKind tail)
    {
        using var task = new TinyTask(tail);
        using var step = task.Step(Options with { Tail = tail });
        var (large, classes) = (task.Student.Model, task.Student.Model.Classes);
        long rows = 2 * task.BatchSize, head = large.FeatureWidth * classes, whole = ModelCost.MultiplyAdds(large) - head;
        var tuned = ModelCost.Training(large, spec => task.Student.IsTrained(spec) && !spec.Name.StartsWith(large.HeadName, StringComparison.Ordinal));
        // The only products of a block that its weights and its data share are all but attention's, whose gradient is twice its forward work.
        long block = tuned.WeightGradient, attention = (tuned.DataGradient - head - block) / 2, tailWork = block + attention;
        int heads = tail == TailKind.Shared ? 3 : 2;
        Assert.Equal(
            rows * (whole + heads * head) + task.BatchSize * (tailWork + head + ModelCost.MultiplyAdds(task.Teacher)), step.MultiplyAdds.Forward);
        Assert.Equal(rows * (tuned.WeightGradient + heads * head), step.MultiplyAdds.WeightGradient);
        Assert.Equal(rows * (tuned.DataGradient + (heads - 1) * head), step.MultiplyAdds.DataGradient);
    }

    [Theory]
    [MemberData(nameof(Formulas))]
    public void LossesAreThoseOfTheFormulasInDouble(
        TunedEnd tuned, TailKind tail, TargetKind target, ConfidenceWeighting weighting, float temperature, float lambda, float smoothing)
    {
        using var task = new TinyTask(tail, tuned: tuned);
        var options = Options with
        {
            Tail = tail, Target = target, Weighting = weighting, Temperature = temperature, Lambda = lambda, LabelSmoothing = smoothing,
        };
        var model = task.Student.Model;
        int trunk = task.Student.TrunkBlocks;
        var reference = new DistillationLossReference(options, task.Batch.Labels.ToArray())
        {
            Original = task.Logits(model, task.Parameters, "head", CheckpointNames.OriginalPrefix, trunk),
            Teacher = task.Logits(task.Teacher, task.TeacherParameters, "fc"),
        };
        var expected = new Dictionary<string, double>
        {
            ["loss.unclean"] = reference.Unclean(task.Logits(model, task.Parameters, "head_unclean", blocks: trunk)),
            ["loss.combined"] = reference.Combined(task.Logits(model, task.Parameters, "head_combined", blocks: trunk)),
        };
        if (tail == TailKind.Shared)
            expected["loss.clean"] = reference.Clean(task.Logits(model, task.Parameters, "head", blocks: trunk));

        using var step = task.Step(options);
        step.Compute(task.Backend, task.Batch);
        Assert.Equal(expected.Keys.Order(), step.Losses.Select(l => l.Name).Order());
        foreach (var loss in step.Losses)
            Assert.Equal(expected[loss.Name], loss.Value.View.Span[0], LossTolerance * Math.Max(1, expected[loss.Name]));
    }

    // So that the case above means something: both models are chosen, and their answers matter.
    [Fact]
    public void TheConfidentTargetTakesSomeAnswersOfEitherModel()
    {
        using var task = new TinyTask(TailKind.Shared);
        double[][] original = task.Logits(task.Student.Model, task.Parameters, "head", CheckpointNames.OriginalPrefix, task.Student.TrunkBlocks);
        double[][] teacher = task.Logits(task.Teacher, task.TeacherParameters, "fc");
        int fromOriginal = original.Zip(teacher).Count(p => DistillationLossReference.Uncertainty(p.First) <= DistillationLossReference.Uncertainty(p.Second));
        Assert.InRange(fromOriginal, 1, 2 * task.BatchSize - 1);
    }

    public static TheoryData<TailKind, TargetKind, UncertaintyKind, string> Combinations()
    {
        var data = new TheoryData<TailKind, TargetKind, UncertaintyKind, string>();
        foreach (var tail in Enum.GetValues<TailKind>())
        {
            foreach (var target in Enum.GetValues<TargetKind>())
            {
                foreach (var uncertainty in Enum.GetValues<UncertaintyKind>())
                {
                    foreach (string student in (ReadOnlySpan<string>)["vit", "vit dropout", "vit mean pooling", "resnet bottleneck"])
                        data.Add(tail, target, uncertainty, student);
                }
            }
        }

        return data;
    }

    // 40 images: more sample numbers than fit beside each other in a cache line, where a step that numbered too many would be seen.
    [Theory]
    [MemberData(nameof(Combinations))]
    public void EveryCombinationComputesFiniteLossesAndMovesWhatIsTrainedAlone(
        TailKind tail, TargetKind target, UncertaintyKind uncertainty, string student)
    {
        using var task = new TinyTask(tail, batchSize: 40, student);
        using var step = task.Step(Options with { BatchSize = 40, Tail = tail, Target = target, Uncertainty = uncertainty });
        var before = Copies(task.Parameters);
        var teacherBefore = Copies(task.TeacherParameters);
        using var memory = new NativeBuffer(2 * task.Parameters.TrainedCount * sizeof(float), "moments");
        int count = (int)task.Parameters.TrainedCount;
        var optimizer = Optimizer.Create(
            new OptimizerOptions { Kind = OptimizerKind.AdamW }, task.Backend, task.Parameters.TrainedData, task.Parameters.TrainedGradients,
            memory.View(0, new Shape(2 * count)), [new ParameterSegment(0, count, 0)]);
        task.Parameters.TrainedGradients.Span.Fill(float.NaN);
        for (int i = 0; i < 3; i++)
        {
            step.Compute(task.Backend, task.Batch);
            Assert.All(step.Losses, loss => Assert.InRange(loss.Value.View.Span[0], 0, 1e3f));
            Assert.True(double.IsFinite(optimizer.ClipGradients()));
            optimizer.Step(1e-3);
        }

        Assert.Null(step.FindNonFinite(task.Backend));
        var trained = task.Parameters.Trained.Select(p => p.Spec.Name).ToHashSet();
        foreach (var parameter in task.Parameters.All)
        {
            bool moved = !before[parameter.Spec.Name].AsSpan().SequenceEqual(parameter.Value.View.Span);
            bool isMovingStatistic = parameter.Spec.IsStatistic && trained.Contains(ScaleOf(parameter.Spec.Name));
            Assert.True(moved == (trained.Contains(parameter.Spec.Name) || isMovingStatistic), $"{parameter.Spec.Name}: moved {moved}");
        }

        Assert.Equal(teacherBefore, Copies(task.TeacherParameters));
    }

    [Fact]
    public void TheSameBatchGivesTheSameBitsForAnyWorkers()
    {
        float[][] results = [.. Enumerable.Range(1, 3).Select(workers =>
        {
            using var task = new TinyTask(TailKind.Split, studentName: "vit dropout");
            using var backend = new Robustify.Kernels.Cpu.CpuBackend(workers);
            using var step = task.Step(Options with { Tail = TailKind.Split, Uncertainty = UncertaintyKind.MonteCarloDropout });
            step.Compute(backend, task.Batch);
            return (float[])[.. task.Parameters.TrainedGradients.Span, .. step.Losses.Select(l => l.Value.View.Span[0])];
        })];
        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
    }

    [Fact]
    public void ModelsOfAnotherTaskAndImpossibleOptionsAreRefusedInOneLine()
    {
        using var task = new TinyTask(TailKind.Shared);
        using var larger = new TinyTask(TailKind.Shared, studentName: "resnet large stem", teacherName: "resnet large stem");
        Refused("32x32", () => new DistillationStep(task.Student, task.Parameters, larger.Teacher, larger.TeacherParameters, Options));
        var other = ModelPresets.Create("vit_fashion");
        using var otherParameters = new ParameterStore(other.AllSpecs(), _ => false);
        Refused("10 classes", () => new DistillationStep(task.Student, task.Parameters, other, otherParameters, Options));
        Refused("batch 0", () => task.Step(Options with { BatchSize = 0 }));
        Refused("temperature", () => task.Step(Options with { Temperature = float.NaN }));
        Refused("lambda", () => task.Step(Options with { Lambda = -1 }));
        Refused("dropout", () => task.Step(Options with { DropoutProbability = 1 }));
        Refused("dropout", () => task.Step(Options with { DropoutPasses = 1 }));
        Refused("smoothing", () => task.Step(Options with { LabelSmoothing = 1 }));
        using var step = task.Step(Options with { BatchSize = 5 });
        Refused("4 images", () => step.Compute(task.Backend, task.Batch));
    }

    private static void Refused(string named, Action attempt)
    {
        var error = Assert.Throws<RobustifyException>(attempt);
        Assert.Contains(named, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static string ScaleOf(string statistic) => statistic[..(statistic.LastIndexOf('.') + 1)] + "weight";

    private static Dictionary<string, float[]> Copies(ParameterStore store) =>
        store.All.ToDictionary(p => p.Spec.Name, p => p.Value.View.Span.ToArray());
}
