namespace Robustify.Kernels.Cuda;

internal static partial class KernelTable
{
    /// <summary>The sections, each in a file of its own that returns its kernels: <c>KernelTable.Elementwise.cs</c>.</summary>
    private static KernelSignature[][] Sections() =>
    [
        Elementwise(),
        Activation(),
        Columns(),
        LayerNorm(),
        BatchNorm(),
        Losses(),
        Uncertainty(),
        Dropout(),
        Optimizer(),
        Images(),
        Corruptions(),
        Augment(),
        Attention(),
        Convolution(),
        Depthwise(),
        LayerScale(),
        Pooling(),
        Tokens(),
        AveragePooling(),
        Embedding(),
    ];
}
