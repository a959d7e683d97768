namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Optimizer() =>
    [
        new("optimizer_squares_f32", "ppl"),
        new("optimizer_squares_total_f32", "ppii"),
        new("optimizer_clip_f32", "ppfl"),
        new("optimizer_sgd_f32", "ppppplfffi"),
        new("optimizer_adamw_f32", "pppppplffffff"),
    ];
}
