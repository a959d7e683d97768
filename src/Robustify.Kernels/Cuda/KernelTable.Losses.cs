namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Losses() =>
    [
        new("loss_total_f32", "ppifii"),
        new("loss_cross_entropy_f32", "ppppiiiffi"),
        new("loss_distillation_f32", "pppppiiiffi"),
        new("loss_jensen_shannon_f32", "pppiifi"),
    ];
}
