using System.Globalization;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// What shapes do not tell and a <c>config.json</c> beside the checkpoint may: heads, LayerNorm's epsilon, the activation.
/// </summary>
internal sealed class ModelConfig
{
    private readonly JsonConfig json;

    private ModelConfig(JsonConfig json) => this.json = json;

    /// <summary>Attention heads, by the key of Hugging Face, timm or this engine; null where the file does not say.</summary>
    public int? Heads => Positive("num_attention_heads") ?? Positive("num_heads") ?? Positive("heads");

    /// <summary>Added to the variance in LayerNorm; null where the file does not say.</summary>
    public double? LayerNormEpsilon
    {
        get
        {
            if (!TryGet("layer_norm_eps", out JsonElement value))
                return null;
            return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double epsilon) && epsilon is > 0 and < 1
                ? epsilon
                : throw Refuse("\"layer_norm_eps\" is no number between 0 and 1");
        }
    }

    /// <summary>The file beside the checkpoint; null where there is none.</summary>
    /// <exception cref="RobustifyException">It cannot be read or is no JSON object of at most 8 MiB.</exception>
    public static ModelConfig? Beside(string checkpointPath) =>
        JsonConfig.BesideModel(checkpointPath) is { } json ? new ModelConfig(json) : null;

    /// <summary>A number above 0 that the checkpoint's own metadata holds; null without the key.</summary>
    /// <exception cref="RobustifyException">The entry is no such number.</exception>
    public static double? FromMetadata(CheckpointReader reader, string key)
    {
        if (!reader.Metadata.TryGetValue(key, out string? text))
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is > 0 and <= int.MaxValue
            ? value
            : throw new RobustifyException($"{reader.Path}: metadata '{key}' is '{OneLine.Of(text)}', a positive number expected; use an intact checkpoint");
    }

    /// <summary>Another activation than exact GELU would give other results without a word.</summary>
    public void RequireActivation()
    {
        if (TryGet("hidden_act", out JsonElement value) && value.GetRawText() != "\"gelu\"")
            throw Refuse($"\"hidden_act\" is {OneLine.Of(value.GetRawText())}, only \"gelu\" is supported");
    }

    private int? Positive(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number > 0
            ? number
            : throw Refuse($"\"{key}\" is no positive integer");
    }

    private bool TryGet(string key, out JsonElement value) => json.TryGet(key, out value);

    private RobustifyException Refuse(string found) => json.Refuse(found);
}
