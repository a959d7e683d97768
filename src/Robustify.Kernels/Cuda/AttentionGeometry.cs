using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// Which attention kernels serve a problem and how they are launched (Sections/attention_*.cuh): tensor cores for bfloat16 heads of up to 128
/// elements in multiples of 8, float32 arithmetic for everything else.
/// </summary>
internal readonly struct AttentionGeometry
{
    private const int TensorCoreRows = 64;
    private const int TensorCoreThreads = 128;
    private const int LanesPerRow = 8;

    // Every device from compute capability 8.0 on lets a block have this much.
    private const int SharedBytesLimit = 99 * 1024;

    // Widths that kernels are compiled for; a narrower head runs in the next wider one.
    private static readonly int[] Widths = [32, 64, 80, 96, 128];

    /// <param name="qkv">[samples, tokens, 3 x heads x headDim].</param>
    /// <param name="heads">Heads.</param>
    /// <param name="aligned">Whether all operands lie at multiples of 16 bytes.</param>
    /// <exception cref="RobustifyException">The head is too wide for any kernel.</exception>
    public AttentionGeometry(TensorView qkv, int heads, bool aligned)
    {
        Samples = qkv.Shape[0];
        Tokens = qkv.Shape[1];
        Heads = heads;
        HeadDim = qkv.Shape[2] / 3 / heads;
        Type = qkv.Type;
        OnTensorCores = aligned && Type == DType.BFloat16 && HeadDim % 8 == 0 && HeadDim <= Widths[^1];
        if (OnTensorCores)
        {
            while (HeadDim > Widths[Variant])
                Variant++;
            Rows = TensorCoreRows;
            return;
        }

        // The widest of these kernels needs six matrices of the rows it owns in shared memory.
        Rows = ExactShared(32, HeadDim, 6, 2) <= SharedBytesLimit ? 32 : 8;
        if (ExactShared(Rows, HeadDim, 6, 2) > SharedBytesLimit)
            throw new RobustifyException($"attention on CUDA: heads of {HeadDim} elements found, at most 524 can be done; use more heads");
        Variant = (Rows == 32 ? 0 : 2) + (Type == DType.BFloat16 ? 1 : 0);
    }

    /// <summary>Samples of the batch.</summary>
    public int Samples { get; }

    /// <summary>Tokens of a sequence.</summary>
    public int Tokens { get; }

    /// <summary>Heads of a token.</summary>
    public int Heads { get; }

    /// <summary>Elements of a head.</summary>
    public int HeadDim { get; }

    /// <summary>Storage of activations.</summary>
    public DType Type { get; }

    /// <summary>Whether the products are done by mma instructions.</summary>
    public bool OnTensorCores { get; }

    /// <summary>Number of the instance among the kernels' names.</summary>
    public int Variant { get; }

    /// <summary>Tokens a block owns.</summary>
    public int Rows { get; }

    /// <summary>What scores are multiplied by, 1 / sqrt(headDim).</summary>
    public float Scale => 1 / MathF.Sqrt(HeadDim);

    /// <summary>Rows of headDim elements in the activations.</summary>
    public long HeadRows => (long)Samples * Tokens * Heads;

    /// <summary>Operations of <paramref name="products"/> products of tokens x tokens x headDim for every head.</summary>
    public long Operations(int products) => 2L * products * HeadRows * Tokens * HeadDim;

    /// <summary>Launch of the forward kernel.</summary>
    public LaunchGeometry Forward => OnTensorCores ? Launch(TensorCoreThreads, 5 * Rows * TileBytes) : Launch(Rows * LanesPerRow, ExactShared(Rows, HeadDim, 4, 1));

    /// <summary>Launch of the kernel for the gradient of the queries.</summary>
    public LaunchGeometry QueryGradient =>
        OnTensorCores ? Launch(TensorCoreThreads, GradientShared) : Launch(Rows * LanesPerRow, ExactShared(Rows, HeadDim, 5, 1));

    /// <summary>Launch of the kernel for the gradients of keys and values.</summary>
    public LaunchGeometry KeyValueGradient =>
        OnTensorCores ? Launch(TensorCoreThreads, GradientShared) : Launch(Rows * LanesPerRow, ExactShared(Rows, HeadDim, 6, 2));

    /// <summary>Launch of the row sums of dy y: eight lanes a row, blocks of 256.</summary>
    public LaunchGeometry Delta => new((uint)((HeadRows + 31) / 32), 1, 1, 256);

    // A row of a tile in shared memory, with its padding.
    private int TileBytes => (Widths[Variant] + 8) * sizeof(short);

    private int GradientShared
    {
        get
        {
            int columns = Widths[Variant] > 64 ? 32 : 64;
            return (2 * Rows + 4 * columns) * TileBytes + 4 * columns * sizeof(float);
        }
    }

    private static int ExactShared(int rows, int headDim, int matrices, int scores) =>
        sizeof(float) * (matrices * rows * (headDim + 1) + scores * rows * (rows + 1));

    private LaunchGeometry Launch(int threads, int sharedBytes) =>
        new(checked((uint)((long)Samples * Heads * ((Tokens + Rows - 1) / Rows))), 1, 1, (uint)threads, SharedBytes: (uint)sharedBytes);
}
