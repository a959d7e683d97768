namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Elementwise() =>
    [
        .. Both("elementwise_add", "pppl"),
        .. Both("elementwise_copy", "ppli"),
        new("elementwise_cast_f32_bf16", "ppli"),
        new("elementwise_cast_bf16_f32", "ppli"),
        new("elementwise_scale_f32", "pfl"),
    ];
}
