namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Augment() =>
    [
        new("augment_tables_u8", "pppliiii"),
        new("augment_step_u8", "pppppiiiiiii"),
        new("augment_mix_f32", "ppppiiiiiiffffff"),
        new("augment_blend_f32", "pppii"),
        new("augment_normalize_f32", "pliffffff"),
    ];
}
