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
        new("augment_noise_weights_f32", "ppil"),
        new("augment_noise_widen_f32", "ppppiiii"),
        new("augment_noise_group_f32", "ppppiiiii"),
        new("augment_noise_narrow_f32", "pppiiii"),
        new("augment_noise_standardize_f32", "ppill"),
        new("augment_noise_add_f32", "pppii"),
    ];
}
