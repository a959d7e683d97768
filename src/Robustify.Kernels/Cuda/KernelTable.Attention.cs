namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    private static KernelSignature[] Attention() =>
    [
        .. Both("attention_delta", "pppiiil"),
        .. AttentionVariants("attention_forward_d{0}", ["32", "64", "80", "96", "128"], "pppiiifi"),
        .. AttentionVariants("attention_query_gradient_d{0}", ["32", "64", "80", "96", "128"], "pppppiiifi"),
        .. AttentionVariants("attention_key_value_gradient_d{0}", ["32", "64", "80", "96", "128"], "pppppiiifi"),
        .. Both("attention_exact_forward_r32", "pppiiifi"),
        .. Both("attention_exact_forward_r8", "pppiiifi"),
        .. Both("attention_exact_query_gradient_r32", "pppppiiifi"),
        .. Both("attention_exact_query_gradient_r8", "pppppiiifi"),
        .. Both("attention_exact_key_value_gradient_r32", "pppppiiifi"),
        .. Both("attention_exact_key_value_gradient_r8", "pppppiiifi"),
    ];

    private static IEnumerable<KernelSignature> AttentionVariants(string name, string[] widths, string parameters) =>
        widths.Select(width => new KernelSignature(name.Replace("{0}", width) + "_bf16", parameters));
}
