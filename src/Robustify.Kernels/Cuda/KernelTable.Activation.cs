namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Activation() =>
    [
        .. Both("activation_forward", "ppppiii"),
        .. Both("activation_gradient", "pppli"),
    ];
}
