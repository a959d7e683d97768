using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// Between the published layout and the engine's, by name and rank alone: a ".weight" of four dimensions is a convolution, published
/// [O, I, KH, KW] and here [O, KH, KW, I] because the engine is NHWC; a convolution on patches, whose stride is its kernel's side, is such a
/// one, flattened to [D, P*P*C]; the class token and the position embedding go without their leading ones, a layer scale without those
/// behind.
/// </summary>
internal static class WeightLayout
{
    // A ConvNeXt's convolution between stages.
    private const int StagePatch = 2;

    /// <summary>Whether the elements change order between the layouts, given the shape on the side that has four dimensions.</summary>
    public static bool IsConvolution(string name, int rank) => rank == 4 && name.EndsWith(".weight", StringComparison.Ordinal);

    /// <summary>The engine's shape of a published tensor.</summary>
    /// <exception cref="OverflowException">A patch row beyond 32 bits, which only a tensor without elements can claim.</exception>
    public static int[] ToEngine(string engineName, ReadOnlySpan<int> published)
    {
        string name = NamingFamily.WithoutPrefix(engineName);
        if (IsConvolution(name, published.Length))
        {
            (int outputs, int inputs, int height, int width) = (published[0], published[1], published[2], published[3]);
            return IsOnPatches(name) ? [outputs, checked(height * width * inputs)] : [outputs, height, width, inputs];
        }

        if (name == Clip.ClipTextTower.LogitScale && published.Length == 0)
            return [1];

        // The class token of a distilled DeiT is two tokens, one behind the other.
        if (name == "cls_token" && published.Length == 3 && published[1] == 1)
            return [checked(published[0] * published[2])];
        if (name.EndsWith(".gamma", StringComparison.Ordinal))
            published = published.TrimEnd(1);
        int rank = name switch { "cls_token" => 1, "pos_embed" => 2, _ => published.Length };
        while (published.Length > rank && published[0] == 1)
            published = published[1..];
        return published.ToArray();
    }

    /// <summary>The published shape of an engine tensor.</summary>
    /// <exception cref="RobustifyException">A patch embedding whose row is no P*P*3 or P*P*1.</exception>
    public static int[] ToPublished(string engineName, ReadOnlySpan<int> engine)
    {
        string name = NamingFamily.WithoutPrefix(engineName);
        if (IsBetweenStages(name) && engine.Length == 2 && engine[1] % (StagePatch * StagePatch) == 0)
            return [engine[0], engine[1] / (StagePatch * StagePatch), StagePatch, StagePatch];
        if (IsOnPatches(name) && engine.Length == 2)
        {
            // 3 is no square, so a row cannot be both P*P*3 and P*P; other channel counts come as [D, P, P, C].
            foreach (int channels in (ReadOnlySpan<int>)[3, 1])
            {
                int side = (int)Math.Sqrt(engine[1] / channels);
                if (side * side * channels == engine[1])
                    return [engine[0], channels, side, side];
            }

            throw new RobustifyException(
                $"checkpoint: tensor '{OneLine.Of(engineName)}' has shape {OneLine.Shape(engine)}, [D, P*P*3] or [D, P*P] expected; "
                + "give [D, P, P, C] for other channel counts");
        }

        if (IsConvolution(name, engine.Length))
            return [engine[0], engine[3], engine[1], engine[2]];
        return (name, engine.Length) switch
        {
            ("cls_token", 1) => [1, 1, engine[0]],
            ("pos_embed", 2) => [1, engine[0], engine[1]],
            _ => engine.ToArray(),
        };
    }

    // A ViT's patch embedding, a ConvNeXt's stem and what lies between its stages.
    private static bool IsOnPatches(string name) => name is "patch_embed.proj.weight" or "stem.0.weight" || IsBetweenStages(name);

    private static bool IsBetweenStages(string name) =>
        name.StartsWith("stages.", StringComparison.Ordinal) && name.EndsWith(".downsample.1.weight", StringComparison.Ordinal);

    /// <summary>[O, I, KH, KW] to [O, KH, KW, I].</summary>
    public static void ConvolutionToEngine(ReadOnlySpan<int> published, ReadOnlySpan<float> source, Span<float> destination) =>
        TransposeEach(source, destination, published[1], published[2] * published[3]);

    /// <summary>[O, KH, KW, I] to [O, I, KH, KW], the published shape being given.</summary>
    public static void ConvolutionToPublished(ReadOnlySpan<int> published, ReadOnlySpan<float> source, Span<float> destination) =>
        TransposeEach(source, destination, published[2] * published[3], published[1]);

    /// <summary>[rows, columns] to [columns, rows].</summary>
    public static void Transpose(ReadOnlySpan<float> source, Span<float> destination, int rows) =>
        TransposeEach(source, destination, rows, rows == 0 ? 0 : source.Length / rows);

    // Consecutive [rows, columns] matrices, each transposed: per output channel, taps against input channels.
    private static void TransposeEach(ReadOnlySpan<float> source, Span<float> destination, int rows, int columns)
    {
        int size = rows * columns;
        for (int start = 0; start < source.Length; start += size)
        {
            var matrix = source.Slice(start, size);
            var transposed = destination.Slice(start, size);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                    transposed[column * rows + row] = matrix[row * columns + column];
            }
        }
    }
}
