using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Tells a vision transformer's architecture from the shapes of its tensors.</summary>
internal static class VisionTransformerInference
{
    public static VisionTransformerDescription Describe(CheckpointReader reader)
    {
        int[] patch = Require(reader, "patch_embed.proj.weight", 4, "[D, C, P, P]");
        int[] positions = Require(reader, "pos_embed", 3, "[1, 1 + tokens, D]");

        if (reader.Contains("blocks.0.attn.qkv.weight") && !reader.Contains("blocks.0.attn.qkv.bias"))
            throw Refuse(reader, "queries, keys and values without bias found (qkv_bias = False), 'blocks.0.attn.qkv.bias' expected");

        // timm's models that take the mean of the tokens have a norm after it and no class token.
        bool hasClassToken = !reader.Contains("fc_norm.weight");
        bool hasTwoTokens = false;
        if (hasClassToken)
        {
            if (!reader.Contains("cls_token") && reader.Contains("norm.weight"))
                throw Refuse(reader, "a mean of normalised tokens found (no 'cls_token', and 'norm.weight' where the mean's own norm 'fc_norm.weight' is expected)");
            int[] token = Require(reader, "cls_token", 3, "[1, 1, D]");
            hasTwoTokens = (long)token[0] * token[2] == 2L * patch[0];
        }
        else if (reader.Contains("cls_token"))
            throw Refuse(reader, "'cls_token' and 'fc_norm.weight' found (a mean of the patches beside a class token), one of them expected");
        int[] hidden = Require(reader, "blocks.0.mlp.fc1.weight", 2, "[mlp, D]");
        (int width, int channels, int patchSize) = (patch[0], patch[1], patch[2]);
        if (patch[3] != patchSize)
            throw Refuse(reader, $"'patch_embed.proj.weight' has patches of {patchSize}x{patch[3]}, square ones expected");
        int prefix = hasTwoTokens ? 2 : hasClassToken ? 1 : 0, tokens = positions[1] - prefix;

        // Positions of the patches alone (timm's no_embed_class, DeiT III): both cannot be square numbers.
        if (prefix > 0 && IsSquare(positions[1]))
            tokens = positions[1];
        int side = (int)Math.Sqrt(Math.Max(0, tokens));
        if (tokens < 1 || side * side != tokens || positions[2] != width || (long)side * patchSize > int.MaxValue)
            throw Refuse(reader, $"'pos_embed' has shape {OneLine.Shape<int>(positions)}, [1, {(prefix > 0 ? $"{prefix} + " : "")}a square number, {width}] expected");
        var config = ModelConfig.Beside(reader.OpenedPath);
        config?.RequireActivation();
        bool readsBoth = hasTwoTokens && reader.Family != CheckpointFamily.HuggingFaceDeit
            && !(reader.PublishedShape("head.weight") is { Length: 2 } head && head[1] == width);
        return new VisionTransformerDescription(
            channels,
            Classes(reader, "head", readsBoth ? 2 * width : width),
            tokens,
            patchSize,
            width,
            Depth(reader),
            hidden[0],
            Heads(reader, config, width),
            Epsilon(reader, config),
            hasClassToken,
            hasTwoTokens,
            readsBoth,
            reader.Contains("blocks.0.ls1.gamma"));
    }

    private static bool IsSquare(int count) => (int)Math.Sqrt(count) is var side && side * side == count;

    /// <summary>The head's outputs, 0 without a head.</summary>
    public static int Classes(CheckpointReader reader, string head, int features)
    {
        if (reader.PublishedShape($"{head}.weight") is not { } shape)
            return 0;
        return shape.Length == 2 && shape[1] == features
            ? shape[0]
            : throw Refuse(reader, $"'{head}.weight' has shape {OneLine.Shape<int>(shape)}, [classes, {features}] expected");
    }

    /// <summary>The published shape, which must have that many extents, none of them 0.</summary>
    public static int[] Require(CheckpointReader reader, string name, int rank, string expected)
    {
        int[] shape = reader.PublishedShape(name) ?? throw Refuse(reader, $"{reader.Shown(name)} is missing, {expected} expected");
        return shape.Length == rank && Array.IndexOf(shape, 0) < 0
            ? shape
            : throw Refuse(reader, $"'{name}' has shape {OneLine.Shape<int>(shape)}, {expected} expected");
    }

    public static RobustifyException Refuse(CheckpointReader reader, string found) =>
        new($"{reader.Path}: {found}; use a checkpoint of a supported vision transformer or residual network");

    // Counted along the names, so a name with a huge block number makes no huge model.
    private static int Depth(CheckpointReader reader)
    {
        int depth = 0;
        while (reader.Contains($"blocks.{depth}.mlp.fc1.weight"))
            depth++;
        return depth;
    }

    private static int Heads(CheckpointReader reader, ModelConfig? config, int width)
    {
        double heads = ModelConfig.FromMetadata(reader, CheckpointNames.HeadsKey) ?? config?.Heads ?? ConventionalHeads(reader, width);
        return heads == Math.Floor(heads) && width % heads == 0
            ? (int)heads
            : throw Refuse(reader, $"{heads} attention heads found, a divisor of the width {width} expected");
    }

    /// <summary>
    /// Whether the width is one of those whose models have 16 heads: ViT-H (Dosovitskiy et al. 2021, table 1), g and G (Zhai et al. 2022,
    /// table 2). Up to ViT-L a head has 64 elements.
    /// </summary>
    public static bool IsGiant(int width) => width is 1280 or 1408 or 1664;

    private static int ConventionalHeads(CheckpointReader reader, int width) => width switch
    {
        _ when IsGiant(width) => 16,
        <= 1024 when width % 64 == 0 => width / 64,
        _ => throw new RobustifyException(
            $"{reader.Path}: the number of attention heads cannot be told from the width {width}; "
            + "put a config.json with \"num_attention_heads\" beside the file"),
    };

    private static double Epsilon(CheckpointReader reader, ModelConfig? config) =>
        ModelConfig.FromMetadata(reader, CheckpointNames.LayerNormEpsilonKey)
        ?? config?.LayerNormEpsilon
        ?? (reader.Family is CheckpointFamily.HuggingFaceVisionTransformer or CheckpointFamily.HuggingFaceDistilledVisionTransformer
            or CheckpointFamily.HuggingFaceDeit ? 1e-12 : 1e-6);
}
