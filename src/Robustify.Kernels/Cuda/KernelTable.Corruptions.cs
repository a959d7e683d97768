namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Corruptions() =>
    [
        new("corruption_gaussian_noise_u8", "pppiiliif"),
        new("corruption_speckle_noise_u8", "pppiiliif"),
        new("corruption_impulse_noise_u8", "pppiiliii"),
        new("corruption_shot_noise_u8", "ppppiiliii"),
        new("corruption_brightness_u8", "pplil"),
        new("corruption_saturate_u8", "pplill"),
        new("corruption_contrast_sums_u8", "ppli"),
        new("corruption_contrast_u8", "ppplil"),
        new("corruption_defocus_blur_u8", "pppppiiiii"),
        new("corruption_units_u8", "ppl"),
        new("corruption_gaussian_columns_u8", "pppiiii"),
        new("corruption_gaussian_rows_u8", "pppliii"),
    ];
}
