namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Pooling() =>
    [
        .. Both("pool_max", "pppiiiiiiiil"),
        .. Both("pool_max_gradient", "pppiiiiiiiili"),
        .. Both("pool_mean", "ppiiil"),
        .. Both("pool_mean_gradient", "ppiiili"),
    ];
}
