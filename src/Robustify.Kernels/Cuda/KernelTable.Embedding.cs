namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Embedding() =>
    [
        .. Both("embedding_select", "pppiil"),
        .. Both("embedding_clear", "pl"),
        .. Both("embedding_select_gradient", "pppiiii"),
        new("embedding_select_gradient_bf16_f32", "pppiiii"),
        new("embedding_normalize_f32", "pppi"),
        new("embedding_normalize_gradient_f32", "ppppii"),
        new("embedding_scale_f32", "pppli"),
        new("embedding_scale_exponent_gradient_f32", "pppli"),
    ];
}
