namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Dropout() =>
    [
        .. Both("dropout_mask", "ppppiiliffi"),
        .. Both("dropout_depth", "pppppiiliff"),
    ];
}
