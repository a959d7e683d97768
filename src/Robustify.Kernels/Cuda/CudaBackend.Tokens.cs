using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <summary><inheritdoc cref="IBackend.Patchify" path="/summary"/> Float32 images may become bfloat16 patches on the way.</summary>
    public void Patchify(TensorView x, TensorView y, int patch) => Launch(
        x.Type == y.Type ? Named(y, "tokens_patchify_f32", "tokens_patchify_bf16") : "tokens_patchify_f32_bf16",
        FlatGeometry.For(y.Shape.Count, y.Type), new(Bytes(x) + Bytes(y), 0), x, y, x.Shape[2], x.Shape[3], patch, y.Shape.Count);

    /// <inheritdoc cref="IBackend.PatchifyGradient"/>
    public void PatchifyGradient(TensorView dy, TensorView dx, int patch, bool accumulate) => Launch(
        Named(dx, "tokens_patchify_gradient_f32", "tokens_patchify_gradient_bf16"), FlatGeometry.For(dx.Shape.Count, dx.Type),
        new(Bytes(dy) + Bytes(dx) * (accumulate ? 2 : 1), 0), dy, dx, dx.Shape[2], dx.Shape[3], patch, dx.Shape.Count, accumulate);

    /// <inheritdoc cref="IBackend.AssembleTokens"/>
    public void AssembleTokens(TensorView patches, TensorView classToken, TensorView positions, TensorView y) => Launch(
        Named(y, "tokens_assemble_f32", "tokens_assemble_bf16"), FlatGeometry.For(y.Shape.Count, y.Type),
        new(Bytes(patches) + Bytes(positions) + Bytes(y), y.Shape.Count), patches, classToken, positions, y, y.Shape[1], y.Shape[2], y.Shape.Count);

    /// <inheritdoc cref="IBackend.AssembleTokensGradient"/>
    public void AssembleTokensGradient(
        TensorView dy, TensorView dpatches, TensorView dclassToken, TensorView dpositions, bool accumulatePatches, bool accumulateParameters)
    {
        int tokens = dy.Shape[1], width = dy.Shape[2];
        if (!dpatches.IsAbsent)
            SelectTokens(dy, dpatches, tokens - dpatches.Shape[1], accumulatePatches);
        if (!dpositions.IsAbsent)
            SumSamples(dy, dpositions, tokens * width, accumulateParameters);
        if (!dclassToken.IsAbsent)
            SumSamples(dy, dclassToken, width, accumulateParameters);
    }

    /// <inheritdoc cref="IBackend.SelectFirstToken"/>
    public void SelectFirstToken(TensorView x, TensorView y) => SelectTokens(x, y.As(new Shape(y.Shape[0], 1, y.Shape[1])), 0, false);

    /// <inheritdoc cref="IBackend.SelectFirstTokenGradient"/>
    public void SelectFirstTokenGradient(TensorView dy, TensorView dx, bool accumulate) => Launch(
        Named(dx, "tokens_select_gradient_f32", "tokens_select_gradient_bf16"), FlatGeometry.For(dx.Shape.Count, dx.Type),
        new(Bytes(dy) + Bytes(dx) * (accumulate ? 2 : 1), 0), dy, dx, dx.Shape[1], 0, 1, dx.Shape[2], dx.Shape.Count, accumulate);

    /// <summary>y [N, M, D] (+)= tokens <paramref name="first"/> .. first + M - 1 of x [N, T, D].</summary>
    private void SelectTokens(TensorView x, TensorView y, int first, bool accumulate) => Launch(
        Named(y, "tokens_select_f32", "tokens_select_bf16"), FlatGeometry.For(y.Shape.Count, y.Type),
        new(Bytes(y) * (accumulate ? 3 : 2), accumulate ? y.Shape.Count : 0), x, y, x.Shape[1], first, y.Shape[1], y.Shape[2], y.Shape.Count,
        accumulate);

    /// <summary>total [columns] (+)= sum over samples of the first <paramref name="columns"/> elements of each of x [N, T, D].</summary>
    private void SumSamples(TensorView x, TensorView total, int columns, bool accumulate)
    {
        int samples = x.Shape[0];
        long step = x.Shape.Count / samples;
        Launch(
            Named(x, "tokens_sum_samples_f32", "tokens_sum_samples_bf16"), new((uint)((columns + 31) / 32), 1, 1, 32, 8),
            new((long)samples * columns * x.Type.Size() + Bytes(total), (long)samples * columns), x, total, samples, step, columns, accumulate);
    }
}
