using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Runs;
using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Training;
using Xunit.Abstractions;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>What bench shows to models on a device: corrupted and normalised there, the CPU's inputs to the bit.</summary>
public sealed class ShownImagesTests(ITestOutputHelper output)
{
    private const int Images = 7;
    private const int Side = 30;
    private const ulong Seed = 3;

    [SoftwareCudaFact]
    public void Every_condition_and_a_cycle_of_them_gives_the_CPUs_inputs()
    {
        float[][] expected = Inputs(DeviceChoice.Cpu);
        using var device = new SoftwareDevice();
        float[][] shown = Inputs(DeviceChoice.Cuda);
        Assert.Equal(expected.Length, shown.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i].AsSpan().SequenceEqual(shown[i]), $"condition {i} differs");
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    private float[][] Inputs(DeviceChoice choice)
    {
        using var opened = OpenedDevice.Open(choice, workers: 2, output.WriteLine);
        var context = new RunContext(opened.Backend, opened.Threads, SilentProgress.Instance, CancellationToken.None, output.WriteLine);
        using var model = new InputKeeper(opened.Backend);
        using var batch = new ImageBatch(model.Model, Images + 1, context);
        batch.Read(new StripedPictures(100, Side, 4), [90, 3, 4, 5, 6, 11, 50]);
        var inputs = new List<float[]>();
        Keep(() => batch.ShowClean());
        foreach (var corruption in CorruptionCatalog.All)
            Keep(() => batch.Corrupt(corruption, 4, Seed));
        (Corruption, int)[] conditions = [.. CorruptionCatalog.All.Select((corruption, i) => (corruption, 1 + i % 5))];
        Keep(() => batch.Corrupt(new ConditionCycle(conditions, 5), Seed));
        batch.Limit(3); // the other rows keep what they hold
        Keep(() => batch.Corrupt(CorruptionCatalog.Find("fog"), 5, Seed));
        Assert.Equal(inputs[^1][..(Side * Side)], Normalized(batch.Shown(0), model.Normalization));
        return [.. inputs];

        void Keep(Action show)
        {
            show();
            batch.Normalize(model.Normalization, model);
            inputs.Add(model.Input());
        }
    }

    private static float[] Normalized(Robustify.Native.Data.Images.Image8 image, Normalization normalization)
    {
        var values = new float[image.Pixels.Length];
        normalization.Apply(image, values);
        return values;
    }

    /// <summary>A model's input alone, where a model would have it.</summary>
    private sealed class InputKeeper : IPredictor
    {
        private readonly IBackend backend;
        private readonly DeviceBuffer memory;

        public InputKeeper(IBackend backend)
        {
            this.backend = backend;
            memory = backend.Allocate((ShownImagesTests.Images + 1) * Side * Side * sizeof(float), "input");
        }

        public string Name => "input";

        public IVisionModel Model { get; } = new VisionTransformer(new VisionTransformerOptions
        {
            ImageSize = Side, PatchSize = 5, Channels = 1, Width = 8, Depth = 1, Heads = 1, MlpWidth = 8, Classes = 4,
        });

        public Normalization Normalization => Normalization.FashionMnist;

        public int BatchSize => ShownImagesTests.Images + 1;

        public Span<float> Images => DeviceImages.Span;

        public TensorView DeviceImages => memory.View(0, new Shape(BatchSize, Side, Side, 1));

        public ReadOnlySpan<float> Probabilities => [];

        public void Predict(IBackend backend, ReadOnlySpan<uint> sampleIds)
        {
        }

        public float[] Input()
        {
            var values = new float[BatchSize * Side * Side];
            backend.Download(DeviceImages, MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }

        public void Dispose() => memory.Dispose();

    }
}
