using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Tests.Devices;

/// <summary>Every operation, passed on to the CPU.</summary>
internal sealed partial class SeparateMemory
{
    public void Convolution(
        TensorView x, TensorView weight, TensorView y, ConvolutionGeometry geometry) =>
        Do(() => cpu.Convolution(At(x), At(weight), At(y), geometry));

    public void ConvolutionInputGradient(
        TensorView dy, TensorView weight, TensorView dx, ConvolutionGeometry geometry, bool accumulate) =>
        Do(() => cpu.ConvolutionInputGradient(At(dy), At(weight), At(dx), geometry, accumulate));

    public void ConvolutionWeightGradient(
        TensorView dy, TensorView x, TensorView dweight, ConvolutionGeometry geometry, bool accumulate) =>
        Do(() => cpu.ConvolutionWeightGradient(At(dy), At(x), At(dweight), geometry, accumulate));

    public void DepthwiseConvolution(TensorView x, TensorView weight, TensorView bias, TensorView y) =>
        Do(() => cpu.DepthwiseConvolution(At(x), At(weight), At(bias), At(y)));

    public void DepthwiseConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate) =>
        Do(() => cpu.DepthwiseConvolutionInputGradient(At(dy), At(weight), At(dx), accumulate));

    public void DepthwiseConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate) =>
        Do(() => cpu.DepthwiseConvolutionWeightGradient(At(dy), At(x), At(dweight), accumulate));

    public void LayerScale(TensorView x, TensorView scale, TensorView residual, TensorView y) =>
        Do(() => cpu.LayerScale(At(x), At(scale), At(residual), At(y)));

    public void LayerScaleParameterGradient(TensorView dy, TensorView x, TensorView dscale, bool accumulate) =>
        Do(() => cpu.LayerScaleParameterGradient(At(dy), At(x), At(dscale), accumulate));

    public void MaxPool(
        TensorView x, TensorView y, TensorView argmax, ConvolutionGeometry geometry) =>
        Do(() => cpu.MaxPool(At(x), At(y), At(argmax), geometry));

    public void MaxPoolGradient(
        TensorView dy, TensorView argmax, TensorView dx, ConvolutionGeometry geometry, bool accumulate) =>
        Do(() => cpu.MaxPoolGradient(At(dy), At(argmax), At(dx), geometry, accumulate));

    public void MeanPool(
        TensorView x, TensorView y, int skip) =>
        Do(() => cpu.MeanPool(At(x), At(y), skip));

    public void MeanPoolGradient(
        TensorView dy, TensorView dx, int skip, bool accumulate) =>
        Do(() => cpu.MeanPoolGradient(At(dy), At(dx), skip, accumulate));

    public void Add(
        TensorView a, TensorView b, TensorView y) =>
        Do(() => cpu.Add(At(a), At(b), At(y)));

    public void Copy(
        TensorView x, TensorView y, bool accumulate) =>
        Do(() => cpu.Copy(At(x), At(y), accumulate));

    public void Dropout(TensorView x, TensorView sampleIds, TensorView y, in DropoutDraw draw, bool accumulate)
    {
        var own = draw;
        Do(() => cpu.Dropout(At(x), At(sampleIds), At(y), own with { Epoch = At(own.Epoch) }, accumulate));
    }

    public void StochasticDepth(TensorView x, TensorView branch, TensorView sampleIds, TensorView y, in DropoutDraw draw)
    {
        var own = draw;
        Do(() => cpu.StochasticDepth(At(x), At(branch), At(sampleIds), At(y), own with { Epoch = At(own.Epoch) }));
    }

    public void Linear(
        TensorView x, TensorView weight, TensorView bias, TensorView y, Activation activation, TensorView preActivation) =>
        Do(() => cpu.Linear(At(x), At(weight), At(bias), At(y), activation, At(preActivation)));

    public void LinearInputGradient(
        TensorView dy, TensorView weight, TensorView dx, bool accumulate) =>
        Do(() => cpu.LinearInputGradient(At(dy), At(weight), At(dx), accumulate));

    public void LinearWeightGradient(
        TensorView dy, TensorView x, TensorView dweight, bool accumulate) =>
        Do(() => cpu.LinearWeightGradient(At(dy), At(x), At(dweight), accumulate));

    public void BiasGradient(
        TensorView dy, TensorView dbias, bool accumulate) =>
        Do(() => cpu.BiasGradient(At(dy), At(dbias), accumulate));

    public void ActivationGradient(
        TensorView dy, TensorView preActivation, TensorView dx, Activation activation) =>
        Do(() => cpu.ActivationGradient(At(dy), At(preActivation), At(dx), activation));

    public void CrossEntropy(
        TensorView logits, TensorView labels, TensorView loss, TensorView dlogits, int firstRow, int rows, float smoothing,
        float scale, bool accumulate) =>
        Do(() => cpu.CrossEntropy(At(logits), At(labels), At(loss), At(dlogits), firstRow, rows, smoothing, scale, accumulate));

    public void Distillation(
        TensorView logits, TensorView targets, TensorView weights, TensorView loss, TensorView dlogits, int firstRow, int rows,
        float temperature, float scale, bool accumulate) =>
        Do(() => cpu.Distillation(At(logits), At(targets), At(weights), At(loss), At(dlogits), firstRow, rows, temperature, scale, accumulate));

    public void JensenShannon(
        TensorView logits, TensorView loss, TensorView dlogits, float scale, bool accumulate) =>
        Do(() => cpu.JensenShannon(At(logits), At(loss), At(dlogits), scale, accumulate));

    public void LayerNorm(
        TensorView x, TensorView gamma, TensorView beta, TensorView y, TensorView mean, TensorView reciprocalDeviation, float epsilon) =>
        Do(() => cpu.LayerNorm(At(x), At(gamma), At(beta), At(y), At(mean), At(reciprocalDeviation), epsilon));

    public void ResidualLayerNorm(
        TensorView x, TensorView branch, TensorView gamma, TensorView beta, TensorView sum, TensorView y, TensorView mean,
        TensorView reciprocalDeviation, float epsilon) => Do(() => cpu.ResidualLayerNorm(
            At(x), At(branch), At(gamma), At(beta), At(sum), At(y), At(mean), At(reciprocalDeviation), epsilon));

    public void ResidualLayerNormInputGradient(
        TensorView dy, TensorView dsum, TensorView sum, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx) =>
        Do(() => cpu.ResidualLayerNormInputGradient(At(dy), At(dsum), At(sum), At(gamma), At(mean), At(reciprocalDeviation), At(dx)));

    public void LayerNormInputGradient(
        TensorView dy, TensorView x, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx, bool accumulate) =>
        Do(() => cpu.LayerNormInputGradient(At(dy), At(x), At(gamma), At(mean), At(reciprocalDeviation), At(dx), accumulate));

    public void LayerNormParameterGradient(
        TensorView dy, TensorView x, TensorView mean, TensorView reciprocalDeviation, TensorView dgamma, TensorView dbeta, bool accumulate) =>
        Do(() => cpu.LayerNormParameterGradient(At(dy), At(x), At(mean), At(reciprocalDeviation), At(dgamma), At(dbeta), accumulate));

    public void BatchNormTraining(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean,
        TensorView reciprocalDeviation, TensorView runningMean, TensorView runningVariance, float epsilon, float momentum,
        bool relu) =>
        Do(() => cpu.BatchNormTraining(
            At(x), At(gamma), At(beta), At(residual), At(y), At(mean), At(reciprocalDeviation), At(runningMean),
            At(runningVariance), epsilon, momentum, relu));

    public void BatchNormInference(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean,
        TensorView reciprocalDeviation, TensorView runningMean, TensorView runningVariance, float epsilon, bool relu) =>
        Do(() => cpu.BatchNormInference(
            At(x), At(gamma), At(beta), At(residual), At(y), At(mean), At(reciprocalDeviation), At(runningMean),
            At(runningVariance), epsilon, relu));

    public void BatchNormGradient(
        TensorView dy, TensorView x, TensorView y, TensorView gamma, TensorView mean, TensorView reciprocalDeviation,
        TensorView dx, TensorView dresidual, TensorView dgamma, TensorView dbeta, bool relu, bool batchStatistics,
        bool accumulateInput, bool accumulateResidual) =>
        Do(() => cpu.BatchNormGradient(
            At(dy), At(x), At(y), At(gamma), At(mean), At(reciprocalDeviation), At(dx), At(dresidual), At(dgamma), At(dbeta),
            relu, batchStatistics, accumulateInput, accumulateResidual));

    public void SumOfSquares(
        TensorView x, TensorView sum, bool accumulate) =>
        Do(() => cpu.SumOfSquares(At(x), At(sum), accumulate));

    public void ClipToNorm(
        TensorView x, TensorView sum, double maximumNorm) =>
        Do(() => cpu.ClipToNorm(At(x), At(sum), maximumNorm));

    public void Scale(
        TensorView x, float factor) =>
        Do(() => cpu.Scale(At(x), factor));

    public void SgdStep(TensorView x, TensorView gradient, TensorView velocity, TensorView constants, TensorView sum, in SgdStepOptions options)
    {
        var own = options;
        Do(() => cpu.SgdStep(At(x), At(gradient), At(velocity), At(constants), At(sum), in own));
    }

    public void AdamWStep(
        TensorView x, TensorView gradient, TensorView firstMoment, TensorView secondMoment, TensorView constants, TensorView sum,
        in AdamWStepOptions options)
    {
        var own = options;
        Do(() => cpu.AdamWStep(At(x), At(gradient), At(firstMoment), At(secondMoment), At(constants), At(sum), in own));
    }

    public void Patchify(
        TensorView x, TensorView y, int patch) =>
        Do(() => cpu.Patchify(At(x), At(y), patch));

    public void PatchifyGradient(
        TensorView dy, TensorView dx, int patch, bool accumulate) =>
        Do(() => cpu.PatchifyGradient(At(dy), At(dx), patch, accumulate));

    public void AssembleTokens(
        TensorView patches, TensorView classToken, TensorView positions, TensorView y) =>
        Do(() => cpu.AssembleTokens(At(patches), At(classToken), At(positions), At(y)));

    public void AssembleTokensGradient(
        TensorView dy, TensorView dpatches, TensorView dclassToken, TensorView dpositions, bool accumulatePatches, bool accumulateParameters) =>
        Do(() => cpu.AssembleTokensGradient(At(dy), At(dpatches), At(dclassToken), At(dpositions), accumulatePatches, accumulateParameters));

    public void SelectFirstToken(
        TensorView x, TensorView y) =>
        Do(() => cpu.SelectFirstToken(At(x), At(y)));

    public void SelectFirstTokenGradient(
        TensorView dy, TensorView dx, bool accumulate) =>
        Do(() => cpu.SelectFirstTokenGradient(At(dy), At(dx), accumulate));

    public void Attention(
        TensorView qkv, TensorView y, TensorView logSumExp, int heads, bool causal) =>
        Do(() => cpu.Attention(At(qkv), At(y), At(logSumExp), heads, causal));

    public void AttentionGradient(
        TensorView dy, TensorView qkv, TensorView y, TensorView logSumExp, TensorView dqkv, int heads, bool causal) =>
        Do(() => cpu.AttentionGradient(At(dy), At(qkv), At(y), At(logSumExp), At(dqkv), heads, causal));

    public void ConfidenceWeights(
        TensorView logits, TensorView weights, ConfidenceWeighting weighting) =>
        Do(() => cpu.ConfidenceWeights(At(logits), At(weights), weighting));

    public void LessUncertain(
        TensorView a, TensorView b, TensorView y) =>
        Do(() => cpu.LessUncertain(At(a), At(b), At(y)));

    public void LogMeanSoftmax(
        TensorView logits, TensorView y) =>
        Do(() => cpu.LogMeanSoftmax(At(logits), At(y)));
}
