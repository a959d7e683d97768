namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Columns() =>
    [
        .. Both("columns_sum", "ppiii"),
        new("columns_combine_f32", "pppiii"),
    ];
}
