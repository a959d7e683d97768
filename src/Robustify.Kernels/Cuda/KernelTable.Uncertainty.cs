namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Uncertainty() =>
    [
        new("uncertainty_weights_f32", "ppii"),
        new("uncertainty_less_f32", "pppi"),
        new("uncertainty_log_mean_f32", "ppiii"),
    ];
}
