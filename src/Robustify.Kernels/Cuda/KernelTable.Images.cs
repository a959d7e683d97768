namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Images() =>
    [
        .. Both("image_normalize", "ppliffffff"),
        new("image_resample_rows_u8", "pppppliiii"),
        new("image_resample_columns_u8", "pppppiiiii"),
        new("image_resize_each_u8", "ppppiiii"),
        new("image_crop_flip_u8", "pppiiiiii"),
    ];
}
