namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] AveragePooling() =>
    [
        .. Both("pool_average", "ppiiiiiil"),
        .. Both("pool_average_gradient", "ppiiiiiili"),
        .. Both("tokens_prepend_mean", "ppiil"),
        .. Both("tokens_prepend_mean_gradient", "ppiili"),
    ];
}
