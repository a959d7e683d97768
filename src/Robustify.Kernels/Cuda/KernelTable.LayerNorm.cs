namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] LayerNorm() =>
    [
        .. Both("layernorm_forward", "ppppppiif"),
        .. Both("layernorm_residual_forward", "ppppppppiif"),
        .. Both("layernorm_input_gradient", "ppppppiii"),
        .. Both("layernorm_residual_input_gradient", "pppppppii"),
        .. Both("layernorm_parameter_sums", "pppppiii"),
    ];
}
