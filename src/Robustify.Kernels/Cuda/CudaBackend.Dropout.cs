using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    // One Philox block: four neighbouring elements.
    private const int DrawElements = 4;

    /// <inheritdoc cref="IBackend.Dropout"/>
    public void Dropout(TensorView x, TensorView sampleIds, TensorView y, in DropoutDraw draw, bool accumulate)
    {
        int samples = x.Shape[0], sampleLength = (int)(x.Shape.Count / samples);
        Launch(
            Named(y, "dropout_mask_f32", "dropout_mask_bf16"), FlatGeometry.ForSamples(samples, sampleLength, DrawElements),
            new(Bytes(x) + Bytes(y) * (accumulate ? 2 : 1), x.Shape.Count), x, sampleIds, draw.Epoch, y, samples, sampleLength, draw.Seed,
            draw.Purpose, draw.Probability, KeepScale(draw.Probability), accumulate);
    }

    /// <inheritdoc cref="IBackend.StochasticDepth"/>
    public void StochasticDepth(TensorView x, TensorView branch, TensorView sampleIds, TensorView y, in DropoutDraw draw)
    {
        int samples = y.Shape[0], sampleLength = (int)(y.Shape.Count / samples);
        Launch(
            Named(y, "dropout_depth_f32", "dropout_depth_bf16"), FlatGeometry.ForSamples(samples, sampleLength, FlatGeometry.Lanes(y.Type)),
            new(Bytes(x) + Bytes(branch) + Bytes(y), 2 * y.Shape.Count), x, branch, sampleIds, draw.Epoch, y, samples, sampleLength, draw.Seed,
            draw.Purpose, draw.Probability, KeepScale(draw.Probability));
    }

    // With probability 1 nothing is kept, so the scale is never used; it must only not be infinite.
    private static float KeepScale(float probability) => probability < 1 ? 1 / (1 - probability) : 0;
}
