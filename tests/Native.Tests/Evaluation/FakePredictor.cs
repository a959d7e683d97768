using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Tests.Evaluation;

/// <summary>Answers from the first pixels of an image, at once: what a benchmark does around its models is then all that runs.</summary>
internal sealed class FakePredictor(string name) : IPredictor
{
    public const int Side = 8;
    public const int ClassCount = 3;

    private readonly float[] images = new float[Benchmark.BatchSize * Side * Side];
    private readonly float[] probabilities = new float[Benchmark.BatchSize * ClassCount];

    /// <summary>Called before each answer.</summary>
    public Action? OnPredict { get; set; }

    /// <summary>Batches answered.</summary>
    public int Calls { get; private set; }

    public string Name => name;

    public IVisionModel Model { get; } = new VisionTransformer(new VisionTransformerOptions
    {
        ImageSize = Side, PatchSize = 4, Channels = 1, Width = 8, Depth = 1, Heads = 1, MlpWidth = 8, Classes = ClassCount,
    });

    public Normalization Normalization { get; } = new([0.0], [1.0]);

    public int BatchSize => Benchmark.BatchSize;

    public Span<float> Images => images;

    public TensorView DeviceImages => throw new NotSupportedException("a device the tests of the benchmark do not have");

    public ReadOnlySpan<float> Probabilities => probabilities;

    public void Predict(IBackend backend, ReadOnlySpan<uint> sampleIds)
    {
        OnPredict?.Invoke();
        Calls++;
        for (int row = 0; row < BatchSize; row++)
        {
            var image = images.AsSpan(row * Side * Side, ClassCount);
            var own = probabilities.AsSpan(row * ClassCount, ClassCount);
            float sum = image[0] + image[1] + image[2] + 0.003f;
            for (int c = 0; c < ClassCount; c++)
                own[c] = (image[c] + 0.001f) / sum;
        }
    }

    public void Dispose()
    {
    }
}
