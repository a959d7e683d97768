using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Method;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Method;
using Robustify.Native.Tests.Models.Checkpoints;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Training;

public sealed class TrainerTests
{
    private const string Identity = "phase test, seed 4";

    [Theory]
    [InlineData("vit dropout", 0)]
    [InlineData("vit", 1)]
    [InlineData("resnet basic", 2)]
    public void AWarmStepAllocatesNoManagedMemory(string model, int augMixViews)
    {
        using var run = new SmallRun(model, augMixViews);
        AssertNothingIsAllocated(run.Trainer, run.Loader);
    }

    [Theory]
    [InlineData(TargetKind.Source, UncertaintyKind.Entropy)]
    [InlineData(TargetKind.Confident, UncertaintyKind.MonteCarloDropout)]
    public void AWarmStepOfDistillationAllocatesNoManagedMemory(TargetKind target, UncertaintyKind uncertainty)
    {
        using var task = new TinyTask(TailKind.Shared);
        using var step = task.Step(new DistillationOptions { BatchSize = task.BatchSize, Target = target, Uncertainty = uncertainty });
        using var trainer = new Trainer(task.Backend, step, task.Loader, new TrainerOptions { Epochs = 99, Optimizer = new OptimizerOptions() });
        AssertNothingIsAllocated(trainer, task.Loader);
    }

    [Theory]
    [InlineData("vit", OptimizerKind.AdamW)]
    [InlineData("resnet basic", OptimizerKind.Sgd)]
    public void ARunLearnsItsImages(string model, OptimizerKind optimizer)
    {
        using var run = new SmallRun(model, augMixViews: 0, optimizer);
        var means = new List<double>();
        run.Trainer.EpochEnded = record =>
        {
            Assert.Equal(means.Count, record.Epoch);
            means.Add(record.Loss);
        };
        var cost = run.Trainer.Run("test", SilentProgress.Instance, CancellationToken.None);
        Assert.Equal(SmallRun.Epochs, means.Count);
        Assert.True(means[^1] < means[0], $"mean losses {string.Join(", ", means)}");
        Assert.Equal(SmallRun.Epochs * SmallRun.Images / SmallRun.BatchSize, cost.Steps);
        Assert.Equal(SmallRun.Epochs * SmallRun.Images, cost.Images);
        Assert.Equal(run.Parameters.TrainedCount, cost.TrainedParameters);
    }

    [Theory]
    [InlineData("vit", "blocks.1.attn.qkv.bias", "'blocks.1.attn.qkv'")]
    [InlineData("vit", "pos_embed", "'tokens'")]
    [InlineData("resnet basic", "layer2.0.conv1.weight", "'layer2.0.conv1'")]
    public void ANotFiniteTensorStopsTheRunWithItsNameAndTheStepAndMovesNothingTrained(string model, string broken, string named)
    {
        using var run = new SmallRun(model, augMixViews: 0);
        run.Loader.StartEpoch(0);
        run.Trainer.Step(run.Loader.Next()!);
        run.Parameters[broken].Value.View.Span[1] = float.NaN;
        float[] before = run.Parameters.TrainedData.Span.ToArray();
        var error = Assert.Throws<RunFailedException>(() => run.Trainer.Step(run.Loader.Next()!));
        Assert.Contains("step 2", error.Message);
        Assert.Contains(named, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(before, run.Parameters.TrainedData.Span.ToArray());
        Assert.Equal(1, run.Trainer.Optimizer.CompletedSteps);
    }

    // The loss is finite, only the way back overflows: the gradient that does is named.
    [Fact]
    public void AnOverflowingGradientIsFoundTooAndNamed()
    {
        using var run = new SmallRun("vit", augMixViews: 0);
        run.Loader.StartEpoch(0);
        // The hidden layer is zero, so what its huge weights make of it is too; their gradient is of the weights' size.
        Tensor("blocks.2.norm2.weight").Fill(1000);
        Tensor("blocks.2.mlp.fc1.weight").Clear();
        Tensor("blocks.2.mlp.fc1.bias").Clear();
        foreach (ref float x in Tensor("blocks.2.mlp.fc2.weight"))
            x = x > 0 ? 3e38f : -3e38f;
        var error = Assert.Throws<RunFailedException>(() => run.Trainer.Step(run.Loader.Next()!));
        Assert.Contains(".gradient'", error.Message);
        Assert.DoesNotContain("loss NaN", error.Message);

        Span<float> Tensor(string name) => run.Parameters[name].Value.View.Span;
    }

    [Theory]
    [InlineData("vit dropout", 1, OptimizerKind.AdamW, 3)]
    [InlineData("vit", 0, OptimizerKind.AdamW, 6)]
    [InlineData("resnet basic", 2, OptimizerKind.Sgd, 10)]
    public void ARunResumedInsideAnEpochEndsWithTheSameBits(string model, int augMixViews, OptimizerKind optimizer, int interruptedAfter)
    {
        using var folder = new TemporaryFolder();
        using var whole = new SmallRun(model, augMixViews, optimizer);
        whole.Trainer.Run("test", SilentProgress.Instance, CancellationToken.None);

        using (var interrupted = new SmallRun(model, augMixViews, optimizer))
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => interrupted.Trainer.Run("test", new StopAfter(interruptedAfter, stop), stop.Token));
            Assert.Equal(interruptedAfter, interrupted.Trainer.Optimizer.CompletedSteps);
            TrainingState.Save(folder.File("state.safetensors"), interrupted.Parameters, interrupted.Trainer.Optimizer, Identity);
        }

        using var resumed = new SmallRun(model, augMixViews, optimizer, workers: 2);
        resumed.Parameters.Initialize(99);
        TrainingState.Load(folder.File("state.safetensors"), resumed.Parameters, resumed.Trainer.Optimizer, Identity);
        resumed.Trainer.Run("test", SilentProgress.Instance, CancellationToken.None);
        Assert.Equal(whole.Tensors, resumed.Tensors);
    }

    [Fact]
    public void AStateOfAnotherRunADamagedOneAndNoneAreRefusedInOneLine()
    {
        using var folder = new TemporaryFolder();
        using SmallRun run = new("vit", 0), other = new("resnet basic", 0);
        string path = folder.File("state.safetensors");
        Refused("not found", run);
        TrainingState.Save(path, run.Parameters, run.Trainer.Optimizer, "phase\nother, seed 5");
        Refused("seed 5", run);
        TrainingState.Save(path, other.Parameters, other.Trainer.Optimizer, Identity);
        Refused("cls_token", run);
        TrainingState.Save(path, run.Parameters, run.Trainer.Optimizer, Identity);
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        Refused(path, run);

        float[] before = run.Tensors;
        var writer = new SafetensorsWriter();
        writer.SetMetadata("run", Identity);
        writer.SetMetadata("step", "-3");
        foreach (var parameter in run.Parameters.All)
            writer.AddFloats(parameter.Spec.Name, [parameter.Spec.Shape.Count], new float[parameter.Spec.Shape.Count]);
        writer.Save(path);
        Refused("finished steps", run);
        Assert.Equal(before, run.Tensors);

        void Refused(string named, SmallRun into)
        {
            var error = Assert.Throws<RobustifyException>(() => TrainingState.Load(path, into.Parameters, into.Trainer.Optimizer, Identity));
            Assert.Contains(named, error.Message);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Theory]
    [InlineData(0, 0.05, 0.01)]
    [InlineData(5, 1.0, 0.01)]
    [InlineData(5, double.NaN, 0.01)]
    [InlineData(5, 0.05, -0.1)]
    public void ImpossibleOptionsAreRefusedInOneLine(int epochs, double warmup, double final)
    {
        var options = new TrainerOptions { Epochs = epochs, WarmupFraction = warmup, FinalRateFraction = final, Optimizer = new OptimizerOptions() };
        Assert.DoesNotContain('\n', Assert.Throws<RobustifyException>(options.Validate).Message);
    }

    private static void AssertNothingIsAllocated(Trainer trainer, BatchLoader loader)
    {
        loader.StartEpoch(0);
        var batch = loader.Next()!;
        for (int warm = 0; warm < 5; warm++)
            trainer.Step(batch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < 30; step++)
            trainer.Step(batch);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed class StopAfter(int steps, CancellationTokenSource stop) : IProgressSink
    {
        public void Begin(string phase, long total, string unit)
        {
        }

        public void Report(long done, double loss)
        {
            if (done == steps)
                stop.Cancel();
        }

        public void End()
        {
        }
    }
}
