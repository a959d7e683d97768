using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Models;

/// <summary>
/// The preprocessing that belongs to a published checkpoint: from the configuration beside it (Hugging Face's
/// <c>preprocessor_config.json</c>, timm's <c>config.json</c>, open_clip's <c>open_clip_config.json</c>), else what is usual in the family.
/// </summary>
internal static class PublishedPreprocessing
{
    // Pillow's numbers of its filters, which Hugging Face stores.
    private static readonly ResampleFilter[] PillowNumbers =
    [
        ResampleFilter.Nearest, ResampleFilter.Lanczos, ResampleFilter.Bilinear, ResampleFilter.Bicubic, ResampleFilter.Box, ResampleFilter.Hamming,
    ];

    public static Preprocessing Of(string checkpointPath, CheckpointFamily family, IVisionModel model)
    {
        var usual = Usual(family, model);
        string folder = Path.GetDirectoryName(Path.GetFullPath(checkpointPath))!;
        foreach (var (file, section) in (ReadOnlySpan<(string, string?)>)
            [("preprocessor_config.json", null), ("config.json", "pretrained_cfg"), ("open_clip_config.json", "preprocess_cfg")])
        {
            if (JsonConfig.Open(Path.Combine(folder, file)) is { } config && (section is null ? config : config.Section(section)) is { } found
                && Read(found, usual, model, file) is { } preprocessing)
                return preprocessing;
        }

        return usual;
    }

    /// <summary>What the publishers of a family use for most of their models; small images are used as they are.</summary>
    public static Preprocessing Usual(CheckpointFamily family, IVisionModel model)
    {
        const string source = "what is usual in the family";
        if (model.Channels == 1)
            return new(Normalization.FashionMnist, 1, ResampleFilter.Bilinear, source);
        double ratio = model.ImageSize <= 64 ? 1 : 224.0 / 256;
        if (ClipInference.IsClip(family))
            return new(Normalization.Clip, 1, ResampleFilter.Bicubic, source);
        return family switch
        {
            CheckpointFamily.HuggingFaceVisionTransformer => new(Normalization.Half(3), 1, ResampleFilter.Bilinear, source),
            CheckpointFamily.HuggingFaceResNet or CheckpointFamily.HuggingFaceDistilledVisionTransformer =>
                new(Normalization.ImageNet, ratio, ResampleFilter.Bicubic, source),
            CheckpointFamily.TimmDistilledVisionTransformer or CheckpointFamily.TimmConvNext or CheckpointFamily.OriginalConvNext => new(Normalization.ImageNet, ratio, ResampleFilter.Bicubic, source),
            _ => new(Normalization.ImageNet, ratio, ResampleFilter.Bilinear, source),
        };
    }

    private static Preprocessing? Read(JsonConfig config, Preprocessing usual, IVisionModel model, string file)
    {
        double[]? mean = config.Numbers("mean") ?? config.Numbers("image_mean"), std = config.Numbers("std") ?? config.Numbers("image_std");
        if (mean is null || std is null || mean.Length != model.Channels)
            return null;
        var found = usual with { Normalization = new Normalization(mean, std), Source = file };
        if ((config.Number("crop_pct") ?? SizeRatio(config, model.ImageSize)) is { } ratio)
            found = found with { CropRatio = Preprocessing.RequireRatio(file, ratio) };
        if (config.Text("interpolation") is { } name)
            return found with { Interpolation = Preprocessing.Filter(file, name == "random" ? "bicubic" : name) };
        if (config.Number("resample") is { } number)
        {
            return number == Math.Floor(number) && number >= 0 && number < PillowNumbers.Length
                ? found with { Interpolation = PillowNumbers[(int)number] }
                : throw new RobustifyException($"{file}: \"resample\" is {number}, one of Pillow's filters 0..{PillowNumbers.Length - 1} expected");
        }

        return found;
    }

    // Hugging Face: size is the shorter side where a centre crop follows, else the whole input.
    private static double? SizeRatio(JsonConfig config, int imageSize)
    {
        double? shorter = config.Number("size") ?? config.Section("size")?.Number("shortest_edge");
        bool crops = config.Flag("do_center_crop") ?? false;
        return crops && shorter >= imageSize ? imageSize / shorter : config.Section("size") is null && shorter is null ? null : 1;
    }
}
