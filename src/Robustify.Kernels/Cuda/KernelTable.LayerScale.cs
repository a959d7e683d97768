namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] LayerScale() =>
    [
        .. Both("layer_scale_forward", "ppppil"),
        .. Both("layer_scale_sums", "pppiii"),
    ];
}
