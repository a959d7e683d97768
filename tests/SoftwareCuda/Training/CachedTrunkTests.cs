using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Runs;
using Robustify.Native.Training;
using Robustify.Native.Training.Cache;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>Steps over stored answers of frozen parts on CUDA, where images are mixed on the device and stored values go to it and back.</summary>
public sealed class CachedTrunkTests
{
    // Each version twice: an epoch that drew its images by its own number would see others.
    private const int Versions = 2, Epochs = 2 * Versions;

    private const int Side = TinyDistillation.Side, Classes = TinyDistillation.Classes, BatchSize = TinyDistillation.BatchSize;

    private static readonly int[] Images = [.. Enumerable.Range(0, 2 * BatchSize)];

    [SoftwareCudaTheory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void Training_over_a_cached_trunk_is_training_over_the_same_bank_to_the_bit(DType stored)
    {
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            float[] uncached = Train(cuda, stored, isCached: false), cached = Train(cuda, stored, isCached: true);
            Assert.All(uncached, value => Assert.True(float.IsFinite(value)));
            Assert.Equal(uncached, cached);
        }

        device.ExpectClean();
    }

    /// <summary>Every trained number at the end.</summary>
    private static float[] Train(IBackend backend, DType stored, bool isCached)
    {
        var target = new ComputeTarget(backend);
        var student = new ThreeHeadedStudent(
            new VisionTransformer(new VisionTransformerOptions
            {
                ImageSize = Side, PatchSize = 4, Channels = 1, Width = 32, Depth = 2, Heads = 2, MlpWidth = 48, Classes = Classes, Dropout = 0.1f,
            }),
            tailBlocks: 1, TailKind.Shared, TunedEnd.Last);
        var teacher = TinyDistillation.Teacher();
        using var parameters = new ParameterStore(student.TrainingSpecs, student.IsTrained, target);
        using var teacherParameters = new ParameterStore(teacher.AllSpecs(), _ => false, target);
        parameters.Initialize(3);
        teacherParameters.Initialize(4);
        using var whole = new DistillationStep(
            student, parameters, teacher, teacherParameters, new DistillationOptions { BatchSize = BatchSize, Seed = 6, TrunkStorage = stored }, target);
        var loading = new BatchLoaderOptions
        {
            BatchSize = BatchSize, ImageSize = Side, Normalization = Normalization.Half(1), Seed = 5, AugMixViews = 1, AugmentBank = Versions,
            Backend = backend,
        };
        if (!isCached)
            return Train(backend, whole, loading);
        using var cached = Fill(backend, whole, loading);
        Assert.False(cached.NeedsImages, "what lies behind the cut reads images");
        return Train(backend, cached, loading with { WithoutImages = true, AugMixViews = 0 });
    }

    private static CachedStep Fill(IBackend backend, ICuttableStep whole, BatchLoaderOptions loading)
    {
        var layout = new CacheLayout(whole.Plan.Cut!.Outputs, BatchSize);
        var cached = new CachedStep(
            whole, layout, new MemoryCache(layout.EntryBytes, Versions * Images.Length), Images, Versions, backend.IsHostMemory);
        using var threads = new CpuThreads(1);
        using var loader = Load(loading);
        cached.Fill(backend, loader, new RunContext(backend, threads, SilentProgress.Instance, CancellationToken.None, _ => { }));
        return cached;
    }

    private static float[] Train(IBackend backend, ITrainingStep step, BatchLoaderOptions loading)
    {
        using var loader = Load(loading);
        using var trainer = new Trainer(backend, step, loader, new TrainerOptions
        {
            Epochs = Epochs, Optimizer = new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 2e-3, WeightDecay = 0.05, MaximumGradientNorm = 1 },
        });
        trainer.Run("student", SilentProgress.Instance, CancellationToken.None);
        var trained = new float[step.Parameters.TrainedCount];
        backend.Download(step.Parameters.TrainedData, trained.AsSpan());
        return trained;
    }

    private static BatchLoader Load(BatchLoaderOptions options) => new(new StripedPictures(Images.Length, Side, Classes), Images, options);
}
