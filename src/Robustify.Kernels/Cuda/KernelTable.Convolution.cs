namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Convolution() =>
    [
        .. Both("convolution_forward_any", "pppiiiiiiiiiii"),
        new("convolution_forward_c64_bf16", "pppiiiiiiiiiii"),
        new("convolution_forward_c128_bf16", "pppiiiiiiiiiii"),
        .. Both("convolution_input_gradient_any", "pppiiiiiiiiiii"),
        new("convolution_input_gradient_c64_bf16", "pppiiiiiiiiiii"),
        new("convolution_input_gradient_c128_bf16", "pppiiiiiiiiiii"),
        .. Both("convolution_weight_gradient_any", "pppiiiiiiiiii"),
        new("convolution_weight_gradient_r64_bf16", "pppiiiiiiiiii"),
        new("convolution_weight_gradient_r128_bf16", "pppiiiiiiiiii"),
        new("convolution_split_total_f32", "pplii"),
    ];
}
