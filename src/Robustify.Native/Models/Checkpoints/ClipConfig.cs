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
        return JsonConfig.Open(Path.Combine(folder, "config.json")) is { } config && (config.Section("vision_config") ?? config.Section("text_config")) is not null
            ? HuggingFace(config)
            : new(null, null, null, null);
    }

    // open_clip's own default is the exact form.
    private static ClipConfig OpenClip(JsonConfig file, JsonConfig model, int imageWidth)
    {
        int? headWidth = Count(model.Section("vision_cfg"), "head_width");
        return new(
            model.Flag("quick_gelu") == true ? Kernels.Backends.Activation.QuickGelu : Kernels.Backends.Activation.Gelu,
            headWidth is { } width && imageWidth % width == 0 ? imageWidth / width : null, Count(model.Section("text_cfg"), "heads"), Epsilon(file));
    }

    // The defaults of Hugging Face's configuration are those of OpenAI's ViT-B/32.
    private static ClipConfig HuggingFace(JsonConfig config)
    {
        JsonConfig? vision = config.Section("vision_config"), text = config.Section("text_config");
        string image = vision?.Text("hidden_act") ?? "quick_gelu", words = text?.Text("hidden_act") ?? "quick_gelu";
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
