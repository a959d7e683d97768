namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] BatchNorm() =>
    [
        .. Both("batchnorm_moments", "ppiii"),
        .. Both("batchnorm_statistics", "ppppppiiiff"),
        new("batchnorm_running_f32", "ppppif"),
        .. Both("batchnorm_normalize", "pppppppiiii"),
        .. Both("batchnorm_gradient_sums", "pppppiii"),
        new("batchnorm_gradient_coefficients_f32", "ppppppiii"),
        .. Both("batchnorm_input_gradient", "pppppppiiiiii"),
    ];
}
