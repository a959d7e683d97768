using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    private static readonly string[] AttentionForward =
    [
        "attention_forward_d32_bf16", "attention_forward_d64_bf16", "attention_forward_d80_bf16", "attention_forward_d96_bf16",
        "attention_forward_d128_bf16",
    ];

    private static readonly string[] AttentionQueryGradient =
    [
        "attention_query_gradient_d32_bf16", "attention_query_gradient_d64_bf16", "attention_query_gradient_d80_bf16",
        "attention_query_gradient_d96_bf16", "attention_query_gradient_d128_bf16",
    ];

    private static readonly string[] AttentionKeyValueGradient =
    [
        "attention_key_value_gradient_d32_bf16", "attention_key_value_gradient_d64_bf16", "attention_key_value_gradient_d80_bf16",
        "attention_key_value_gradient_d96_bf16", "attention_key_value_gradient_d128_bf16",
    ];

    private static readonly string[] AttentionExactForward =
    [
        "attention_exact_forward_r32_f32", "attention_exact_forward_r32_bf16", "attention_exact_forward_r8_f32", "attention_exact_forward_r8_bf16",
    ];

    private static readonly string[] AttentionExactQueryGradient =
    [
        "attention_exact_query_gradient_r32_f32", "attention_exact_query_gradient_r32_bf16", "attention_exact_query_gradient_r8_f32",
        "attention_exact_query_gradient_r8_bf16",
    ];

    private static readonly string[] AttentionExactKeyValueGradient =
    [
        "attention_exact_key_value_gradient_r32_f32", "attention_exact_key_value_gradient_r32_bf16", "attention_exact_key_value_gradient_r8_f32",
        "attention_exact_key_value_gradient_r8_bf16",
    ];

    /// <inheritdoc cref="IBackend.Attention"/>
    public void Attention(TensorView qkv, TensorView y, TensorView logSumExp, int heads, bool causal = false)
    {
        var geometry = new AttentionGeometry(qkv, heads, FlatGeometry.Aligned(qkv, y));
        Launch(
            (geometry.OnTensorCores ? AttentionForward : AttentionExactForward)[geometry.Variant], geometry.Forward,
            new(Bytes(qkv) + Bytes(y) + Bytes(logSumExp), geometry.Operations(2)), qkv, y, logSumExp, geometry.Tokens, heads, geometry.HeadDim,
            geometry.Scale, causal);
    }

    /// <inheritdoc cref="IBackend.AttentionGradient"/>
    public void AttentionGradient(
        TensorView dy, TensorView qkv, TensorView y, TensorView logSumExp, TensorView dqkv, int heads, bool causal = false)
    {
        var geometry = new AttentionGeometry(qkv, heads, FlatGeometry.Aligned(dy, qkv, dqkv));
        nint delta = Scratch(geometry.HeadRows * sizeof(float));
        Launch(
            Named(dy, "attention_delta_f32", "attention_delta_bf16"), geometry.Delta, new(Bytes(dy) + Bytes(y), 2 * dy.Shape.Count), dy, y, delta,
            geometry.Tokens, heads, geometry.HeadDim, geometry.HeadRows);
        Launch(
            (geometry.OnTensorCores ? AttentionQueryGradient : AttentionExactQueryGradient)[geometry.Variant], geometry.QueryGradient,
            new(Bytes(dy) + Bytes(qkv) + Bytes(y), geometry.Operations(3)), dy, qkv, logSumExp, delta, dqkv, geometry.Tokens, heads,
            geometry.HeadDim, geometry.Scale, causal);
        Launch(
            (geometry.OnTensorCores ? AttentionKeyValueGradient : AttentionExactKeyValueGradient)[geometry.Variant], geometry.KeyValueGradient,
            new(Bytes(dy) + Bytes(qkv) + 2 * Bytes(y), geometry.Operations(4)), dy, qkv, logSumExp, delta, dqkv, geometry.Tokens, heads,
            geometry.HeadDim, geometry.Scale, causal);
    }
}
