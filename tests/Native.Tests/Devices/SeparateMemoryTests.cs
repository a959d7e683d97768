using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Models.Checkpoints;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Devices;

/// <summary>The engine on a device that has its memory to itself and replays captured steps.</summary>
public sealed class SeparateMemoryTests
{
    public static TheoryData<string> Students => ["vit", "vit dropout", "resnet bottleneck"];

    [Fact]
    public void TheHostCannotFollowADevicesAddress()
    {
        using var device = new SeparateMemory();
        using var buffer = device.Allocate(64, "test");
        var view = buffer.View(0, new Shape(16));
        Assert.Throws<NullReferenceException>(() => view.Span[3]); // what .NET makes of the processor's refusal
        Assert.Throws<InvalidOperationException>(() =>
        {
            using var host = new NativeBuffer(64, "test");
            device.Copy(host.View(0, new Shape(16)), view, accumulate: false);
        });
    }

    [Theory]
    [MemberData(nameof(Students))]
    public void CapturedStepsTrainToTheBitAsTheCpuDoes(string student)
    {
        const int Steps = 10;
        using var cpu = new CpuBackend(1);
        using var expected = new DeviceRun(new ComputeTarget(cpu), student);
        double[] losses = expected.Steps(Steps);

        using var device = new SeparateMemory();
        using (var run = new DeviceRun(new ComputeTarget(device), student, stepsBetweenReads: 5))
        {
            double[] read = run.Steps(Steps);
            Assert.Equal(expected.Trained, run.Trained);
            Assert.Equal(Steps - 1, device.Replays);
            Assert.All(read[..4], loss => Assert.True(double.IsNaN(loss)));
            Assert.Equal(losses[..5].Average(), read[4], 1e-5); // five losses near 5 added in float
            Assert.Equal(losses[5..].Average(), read[9], 1e-5);
        }

        Assert.Equal(0, device.LiveBuffers);
    }

    [Fact]
    public void SgdTooReadsItsNumbersFromTheDevicesMemory()
    {
        using var cpu = new CpuBackend(1);
        using var device = new SeparateMemory();
        using var expected = new DeviceRun(new ComputeTarget(cpu), "vit", optimizer: OptimizerKind.Sgd);
        using var run = new DeviceRun(new ComputeTarget(device), "vit", optimizer: OptimizerKind.Sgd);
        expected.Steps(6);
        run.Steps(6);
        Assert.Equal(expected.Trained, run.Trained);
    }

    [Theory]
    [MemberData(nameof(Students))]
    public void InBf16TheLossStaysNearThatOfFloat(string student)
    {
        using var device = new SeparateMemory();
        using var expected = new DeviceRun(new ComputeTarget(device), student, stepsBetweenReads: 1);
        using var run = new DeviceRun(new ComputeTarget(device, Precision.Bf16), student, stepsBetweenReads: 1);
        double[] wide = expected.Steps(6), narrow = run.Steps(6);
        for (int i = 0; i < wide.Length; i++)
            Assert.Equal(wide[i], narrow[i], 0.03 * wide[i]); // bf16 has 2^-9 of relative rounding; a few dozen in turn, and their effect on six updates
        Assert.NotEqual(wide, narrow);
    }

    [Fact]
    public void AStateGoesToAFileAndBackAndTheRunGoesOnAsIfItHadNotStopped()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("state.safetensors");
        using var device = new SeparateMemory();
        using var whole = new DeviceRun(new ComputeTarget(device), "vit dropout");
        using var interrupted = new DeviceRun(new ComputeTarget(device), "vit dropout");
        using var resumed = new DeviceRun(new ComputeTarget(device), "vit dropout");
        whole.Steps(9);
        interrupted.Steps(5);
        TrainingState.Save(file, interrupted.Parameters, interrupted.Trainer.Optimizer, "test");
        TrainingState.Load(file, resumed.Parameters, resumed.Trainer.Optimizer, "test");
        resumed.Steps(4);
        Assert.Equal(whole.Trained, resumed.Trained);
    }

    [Fact]
    public void AGradientThatExplodesIsFoundAtTheNextReadingAndSpoilsNoParameter()
    {
        using var device = new SeparateMemory();
        using var run = new DeviceRun(new ComputeTarget(device), "vit", stepsBetweenReads: 4);
        run.Steps(5);
        var head = run.Parameters["head.bias"].Value.View;
        device.Upload<float>([float.NaN], head);
        float[] before = run.Trained;
        var error = Assert.Throws<RunFailedException>(() => run.Steps(4));
        Assert.Contains("step 5..8", error.Message);
        Assert.Equal(before, run.Trained);
    }

    [Fact]
    public void APredictorAnswersToTheBitAsOnTheCpuAndACheckpointIsTheSameFile()
    {
        using var folder = new TemporaryFolder();
        using var cpu = new CpuBackend(1);
        using var device = new SeparateMemory();
        Assert.Equal(Answer(new ComputeTarget(cpu), folder.File("cpu.safetensors")), Answer(new ComputeTarget(device), folder.File("device.safetensors")));
        Assert.Equal(File.ReadAllBytes(folder.File("cpu.safetensors")), File.ReadAllBytes(folder.File("device.safetensors")));
        Assert.Equal(0, device.LiveBuffers);
    }

    [Fact]
    public void AStepTooLargeForTheDeviceIsRefusedWithTheBatchThatFits()
    {
        using var device = new SeparateMemory { Free = 100_000 };
        string message = Assert.Throws<RobustifyException>(() => new DeviceRun(new ComputeTarget(device), "vit")).Message;
        Assert.Matches("^batch 4: .* wanted, .* planned for a step .* free; (the largest batch that fits is about [1-3]|no batch fits)", message);
        Assert.DoesNotContain('\n', message);
    }

    private static float[] Answer(ComputeTarget target, string file)
    {
        var preset = ModelSource.Resolve("resnet_fashion");
        using (var fresh = preset.LoadClassifier(_ => false, seed: 7, target))
            preset.Save(file, fresh);
        using var model = LoadedModel.Open("test", file, target, batchSize: 3);
        var all = new List<float>();
        for (int pass = 0; pass < 3; pass++)
        {
            for (int i = 0; i < model.Predictor.Images.Length; i++)
                model.Predictor.Images[i] = MathF.Sin(i * (pass + 1));
            model.Predictor.Predict(target.Backend!, [0, 1, 2]);
            all.AddRange(model.Predictor.Probabilities.ToArray());
        }

        return [.. all];
    }
}
