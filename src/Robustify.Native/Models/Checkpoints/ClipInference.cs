using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Files;
using Robustify.Native.Models.Clip;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Tells a CLIP model's architecture from the shapes of its tensors, and the rest from the metadata or the configuration beside it.</summary>
internal static class ClipInference
{
    // Of every published text tower, and of every image tower but those of ViT-H, g and G.
    private const int ElementsOfAHead = 64;
    private const double UsualEpsilon = 1e-5;
    private static readonly string[] OriginNames = ["input_resolution", "context_length", "vocab_size"];

    /// <summary>Whether the names are CLIP's.</summary>
    public static bool IsClip(CheckpointFamily family) =>
        family is CheckpointFamily.OpenClip or CheckpointFamily.OpenClipResNet or CheckpointFamily.HuggingFaceClip;

    /// <summary>The architecture.</summary>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="activation">What the user says of the activation; null to find it out.</param>
    /// <exception cref="RobustifyException">Shapes of no CLIP model, or nothing that tells the activation.</exception>
    public static ClipDescription Describe(CheckpointReader reader, Activation? activation)
    {
        bool isTransformer = reader.Contains("patch_embed.proj.weight");
        int width = isTransformer
            ? Require(reader, "patch_embed.proj.weight", 4, "[D, C, P, P]")[0]
            : Require(reader, "attnpool.pos_embed", 2, "[1 + positions, D] of a ModifiedResNet, or visual.conv1.weight of a vision transformer,")[1];
        var config = ClipConfig.Beside(reader.OpenedPath, width);
        float epsilon = (float)(ModelConfig.FromMetadata(reader, CheckpointNames.LayerNormEpsilonKey) ?? config.LayerNormEpsilon ?? UsualEpsilon);
        bool hasText = reader.Contains("text.token_embed.weight");
        // A residual network without a text tower has no use for it.
        var function = isTransformer || hasText ? activation ?? FromMetadata(reader) ?? config.Activation ?? FromOrigin(reader) ?? throw Unknown(reader) : Activation.Gelu;
        int heads = Heads(reader, CheckpointNames.HeadsKey, config.ImageHeads, width, VisionTransformerInference.IsGiant(width) ? 16 : null);
        var text = hasText ? Text(reader, config, epsilon) : null;
        ClipImageOptions image = isTransformer ? Transformer(reader, heads, function, epsilon) : Residual(reader, heads);
        return new(image, text is null ? null : text with { Activation = function }, function, epsilon);
    }

    private static ClipVisionTransformerOptions Transformer(CheckpointReader reader, int heads, Activation activation, float epsilon)
    {
        int[] patch = Require(reader, "patch_embed.proj.weight", 4, "[D, C, P, P]"), positions = Require(reader, "pos_embed", 2, "[1 + patches, D]");
        int[] hidden = Require(reader, "blocks.0.mlp.fc1.weight", 2, "[mlp, D]"), projection = Require(reader, "proj.weight", 2, "a matrix");
        int side = Side(reader, "pos_embed", positions);
        if (patch[2] != patch[3] || positions[1] != patch[0] || (long)side * patch[2] > int.MaxValue)
        {
            throw VisionTransformerInference.Refuse(
                reader, $"the patch embedding has shape {OneLine.Shape<int>(patch)} and the positions {OneLine.Shape<int>(positions)}, square patches and equal widths expected");
        }

        int embedding = EmbeddingOf(reader, projection, patch[0]);
        return new()
        {
            ImageSize = side * patch[2], Channels = patch[1], PatchSize = patch[2], Width = patch[0], Depth = Depth(reader, ""), MlpWidth = hidden[0],
            Heads = heads, EmbeddingWidth = embedding, Activation = activation, LayerNormEpsilon = epsilon,
            Classes = VisionTransformerInference.Classes(reader, "head", embedding),
        };
    }

    private static ClipResNetOptions Residual(CheckpointReader reader, int heads)
    {
        int[] stem = Require(reader, "conv1.weight", 4, "[w / 2, C, 3, 3]"), positions = Require(reader, "attnpool.pos_embed", 2, "[1 + positions, D]");
        int[] projection = Require(reader, "attnpool.proj.weight", 2, "[embedding, D]");
        var layers = new int[4];
        for (int stage = 0; stage < layers.Length; stage++)
        {
            while (reader.Contains($"layer{stage + 1}.{layers[stage]}.conv1.weight"))
                layers[stage]++;
        }

        if (positions[1] != stem[0] * 2L * ClipResNetOptions.Reduction || stem[2] != 3 || stem[3] != 3)
        {
            throw VisionTransformerInference.Refuse(
                reader, $"the stem has shape {OneLine.Shape<int>(stem)} and the attention pool's positions {OneLine.Shape<int>(positions)}, [w / 2, C, 3, 3] and [.., {ClipResNetOptions.Reduction} w] expected");
        }

        return new()
        {
            ImageSize = Side(reader, "attnpool.pos_embed", positions) * ClipResNetOptions.Reduction, Channels = stem[1], Layers = layers, Width = 2 * stem[0],
            Heads = heads, EmbeddingWidth = projection[0], Classes = VisionTransformerInference.Classes(reader, "head", projection[0]),
        };
    }

    private static ClipTextOptions Text(CheckpointReader reader, ClipConfig config, float epsilon)
    {
        int[] table = Require(reader, "text.token_embed.weight", 2, "[vocabulary, D]"), positions = Require(reader, "text.pos_embed", 2, "[context, D]");
        int[] hidden = Require(reader, "text.blocks.0.mlp.fc1.weight", 2, "[mlp, D]"), projection = Require(reader, "text.proj.weight", 2, "a matrix");
        return new()
        {
            VocabularySize = table[0], ContextLength = positions[0], Width = table[1], Depth = Depth(reader, ClipTextTower.Prefix), MlpWidth = hidden[0],
            Heads = Heads(reader, CheckpointNames.TextHeadsKey, config.TextHeads, table[1], null), LayerNormEpsilon = epsilon,
            EmbeddingWidth = EmbeddingOf(reader, projection, table[1]),
        };
    }

    // A matrix [in, out] in some families, [out, in] in others: which one of them stands in the shape that the engine has.
    private static int EmbeddingOf(CheckpointReader reader, int[] published, int width)
    {
        bool isTransposed = reader.Family != CheckpointFamily.HuggingFaceClip;
        int input = published[isTransposed ? 0 : 1];
        return input == width
            ? published[isTransposed ? 1 : 0]
            : throw VisionTransformerInference.Refuse(reader, $"a projection has shape {OneLine.Shape<int>(published)}, {width} expected on the side of the tokens");
    }

    private static int Depth(CheckpointReader reader, string tower)
    {
        int depth = 0;
        while (reader.Contains($"{tower}blocks.{depth}.mlp.fc1.weight"))
            depth++;
        return depth;
    }

    private static int Side(CheckpointReader reader, string name, int[] positions)
    {
        int side = (int)Math.Sqrt(Math.Max(0, positions[0] - 1));
        return side > 0 && side * side == positions[0] - 1
            ? side
            : throw VisionTransformerInference.Refuse(reader, $"'{name}' has shape {OneLine.Shape<int>(positions)}, [1 + a square number, D] expected");
    }

    private static int Heads(CheckpointReader reader, string key, int? configured, int width, int? usual)
    {
        double heads = ModelConfig.FromMetadata(reader, key) ?? configured ?? usual ?? (double)width / ElementsOfAHead;
        return heads == Math.Floor(heads) && heads >= 1 && width % heads == 0
            ? (int)heads
            : throw VisionTransformerInference.Refuse(reader, $"{heads} attention heads found, a divisor of the width {width} expected");
    }

    private static Activation? FromMetadata(CheckpointReader reader) => reader.Metadata.GetValueOrDefault(CheckpointNames.ActivationKey) switch
    {
        null => null,
        "gelu" => Activation.Gelu,
        "quick_gelu" => Activation.QuickGelu,
        var other => throw new RobustifyException($"{reader.Path}: metadata '{CheckpointNames.ActivationKey}' is '{OneLine.Of(other)}', gelu or quick_gelu expected; use an intact checkpoint"),
    };

    // OpenAI's files alone store these three beside the weights, and all of OpenAI's models have the sigmoid's approximation
    // (clip/model.py, QuickGELU).
    private static Activation? FromOrigin(CheckpointReader reader) =>
        Array.TrueForAll(OriginNames, name => reader.File.TryGet(name, out _)) ? Activation.QuickGelu : null;

    private static RobustifyException Unknown(CheckpointReader reader) => new(
        $"{reader.Path}: the activation cannot be told from a CLIP model's tensors; put its open_clip_config.json or config.json beside it, or record it "
        + "once by `robustify convert IN OUT --activation quick-gelu` (OpenAI's models) or gelu (most others)");

    private static int[] Require(CheckpointReader reader, string name, int rank, string expected) =>
        VisionTransformerInference.Require(reader, name, rank, expected);
}
