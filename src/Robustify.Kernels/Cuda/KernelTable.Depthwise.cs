namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Depthwise() =>
    [
        new("depthwise_filter_rows_f32", "ppiii"),
        .. Both("depthwise_convolution", "ppppliiiii"),
        .. Both("depthwise_weight_sums", "pppiiiiii"),
        new("depthwise_weight_total_f32", "ppiiii"),
    ];
}
