using Robustify.Kernels.Backends;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// What the shapes of a CLIP model do not tell: from open_clip's <c>open_clip_config.json</c> or Hugging Face's <c>config.json</c> beside the
/// file. Null where neither says.
/// </summary>
internal sealed record ClipConfig(Activation? Activation, int? ImageHeads, int? TextHeads, double? LayerNormEpsilon)
{
    public static ClipConfig Beside(string checkpointPath, int imageWidth)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(checkpointPath))!;
        if (JsonConfig.Open(Path.Combine(folder, "open_clip_config.json")) is { } published && published.Section("model_cfg") is { } model)
            return OpenClip(published, model, imageWidth);
        if (JsonConfig.BesideModel(checkpointPath) is not { } config)
            return new(null, null, null, null);
        // CLIPVisionModelWithProjection has of CLIPModel's configuration the images' part alone.
        return config.Text("model_type") == "clip_vision_model"
            ? HuggingFace(config, config, null)
            : (config.Section("vision_config") ?? config.Section("text_config")) is null
                ? new(null, null, null, null)
                : HuggingFace(config, config.Section("vision_config"), config.Section("text_config"));
    }

    // open_clip's own default is the exact form.
    private static ClipConfig OpenClip(JsonConfig file, JsonConfig model, int imageWidth)
    {
        foreach (var (part, key, expected) in (ReadOnlySpan<(string, string, string?)>)
            [("vision_cfg", "act_kwargs", null), ("text_cfg", "act_kwargs", null), ("vision_cfg", "pool_type", "tok"), ("text_cfg", "pool_type", "argmax")])
        {
            if (model.Section(part) is { } section && section.TryGet(key, out var value) && (expected is null || section.Text(key) != expected))
                throw file.Refuse($"\"{key}\" is {OneLine.Of(value.GetRawText())} in \"{part}\", {(expected is null ? "none" : $"\"{expected}\"")} expected of a CLIP model's tower");
        }

        foreach (var (part, key) in (ReadOnlySpan<(string, string)>)[("vision_cfg", "global_average_pool"), ("text_cfg", "no_causal_mask")])
        {
            if (model.Section(part)?.Flag(key) == true)
                throw file.Refuse($"\"{key}\" is true in \"{part}\", false expected of a CLIP model's tower");
        }

        int? headWidth = Count(model.Section("vision_cfg"), "head_width");
        return new(
            model.Flag("quick_gelu") == true ? Kernels.Backends.Activation.QuickGelu : Kernels.Backends.Activation.Gelu,
            headWidth is { } width && imageWidth % width == 0 ? imageWidth / width : null, Count(model.Section("text_cfg"), "heads"), Epsilon(file));
    }

    // The defaults of Hugging Face's configuration are those of OpenAI's ViT-B/32.
    private static ClipConfig HuggingFace(JsonConfig config, JsonConfig? vision, JsonConfig? text)
    {
        string image = vision?.Text("hidden_act") ?? "quick_gelu", words = text?.Text("hidden_act") ?? (ReferenceEquals(vision, config) ? image : "quick_gelu");
        if (image != words || image is not ("gelu" or "quick_gelu"))
            throw config.Refuse($"\"hidden_act\" is '{OneLine.Of(image)}' of images and '{OneLine.Of(words)}' of texts, one of gelu and quick_gelu for both expected");
        return new(
            image == "gelu" ? Kernels.Backends.Activation.Gelu : Kernels.Backends.Activation.QuickGelu, Count(vision, "num_attention_heads"),
            Count(text, "num_attention_heads"), Epsilon(vision ?? config));
    }

    private static int? Count(JsonConfig? section, string key)
    {
        if (section?.Number(key) is not { } value)
            return null;
        return value == Math.Floor(value) && value is >= 1 and <= 1 << 20
            ? (int)value
            : throw section.Refuse($"\"{key}\" is no positive integer");
    }

    private static double? Epsilon(JsonConfig section)
    {
        if (section.Number("layer_norm_eps") is not { } value)
            return null;
        return value is > 0 and < 1 ? value : throw section.Refuse("\"layer_norm_eps\" is no number between 0 and 1");
    }
}
