namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Tokens() =>
    [
        .. Both("tokens_patchify", "ppiiil"),
        new("tokens_patchify_f32_bf16", "ppiiil"),
        .. Both("tokens_patchify_gradient", "ppiiili"),
        .. Both("tokens_assemble", "ppppiil"),
        .. Both("tokens_select", "ppiiiili"),
        .. Both("tokens_select_gradient", "ppiiiili"),
        .. Both("tokens_sum_samples", "ppilii"),
    ];
}
