using Robustify.Kernels.Random;
using Robustify.Native.Augment.Operations;

namespace Robustify.Native.Augment;

/// <summary>
/// Everything that is random in one AugMix mixture: the chains with their values, the weights of the chains, and the weight of their sum
/// against the image. Reused from sample to sample.
/// </summary>
public sealed class AugMixRecipe
{
    /// <summary>A random depth is 1 to this.</summary>
    internal const int RandomDepth = 3;

    private readonly (AugMixOperation Operation, double Value)[] steps;
    private readonly int[] lengths;
    private readonly float[] weights;
    private readonly int capacity;

    /// <summary>A recipe of <paramref name="width"/> empty chains of weight 0, each with room for <paramref name="depth"/> operations.</summary>
    public AugMixRecipe(int width, int depth)
    {
        capacity = depth;
        steps = new (AugMixOperation, double)[width * depth];
        lengths = new int[width];
        weights = new float[width];
    }

    /// <summary>Number of chains.</summary>
    public int Width => lengths.Length;

    /// <summary>Weight of each chain; convex for an ordinary mixture.</summary>
    public Span<float> Weights => weights;

    /// <summary>m: weight of the chains' sum; the image has 1 - m.</summary>
    public float Mixing { get; set; }

    /// <summary>The operations of one chain in order.</summary>
    public ReadOnlySpan<(AugMixOperation Operation, double Value)> Chain(int chain) => steps.AsSpan(chain * capacity, lengths[chain]);

    /// <summary>Writes the weight of the image, those of the chains' results, and the sum of all: <see cref="Width"/> + 2 numbers.</summary>
    internal void WriteWeights(Span<float> shares)
    {
        float total = shares[0] = 1 - Mixing;
        for (int chain = 0; chain < Width; chain++)
            total += shares[chain + 1] = Mixing * weights[chain];
        shares[Width + 1] = total;
    }

    /// <summary>Removes all operations; weights stay.</summary>
    public void Clear() => Array.Clear(lengths);

    /// <summary>Appends an operation to a chain.</summary>
    /// <exception cref="InvalidOperationException">The chain is full.</exception>
    public void Append(int chain, AugMixOperation operation, double value)
    {
        if (lengths[chain] == capacity)
            throw new InvalidOperationException($"chain {chain} already has its {capacity} operations");
        steps[chain * capacity + lengths[chain]++] = (operation, value);
    }

    /// <summary>
    /// Draws a mixture: w ~ Dirichlet(alpha, ..., alpha), m ~ Beta(alpha, alpha), and per chain its depth and its operations with replacement.
    /// </summary>
    public void Draw(AugMixOptions options, int imageWidth, int imageHeight, IRandomStream random)
    {
        Clear();
        DirichletDistribution.Draw(options.Alpha, weights, random);
        Span<float> beta = stackalloc float[2];
        DirichletDistribution.Draw(options.Alpha, beta, random);
        Mixing = beta[0];
        var operations = options.AllOperations ? AugMixOperation.All : AugMixOperation.Nine;
        for (int chain = 0; chain < Width; chain++)
        {
            int depth = options.Depth > 0 ? options.Depth : random.NextInteger(1, RandomDepth + 1);
            for (int step = 0; step < depth; step++)
            {
                var operation = operations[random.NextInteger(0, operations.Count)];
                Append(chain, operation, operation.Draw(options.Levels, imageWidth, imageHeight, random));
            }
        }
    }
}
