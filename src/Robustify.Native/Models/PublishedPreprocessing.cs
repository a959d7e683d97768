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

    // Where a configuration may stand, and the object inside that tells of pictures; null for the whole.
    private static readonly (string File, string? Section)[] Places =
    [
        ("preprocessor_config.json", null), ("config.json", "pretrained_cfg"), ("open_clip_config.json", "preprocess_cfg"),
        ("config.json", null), // As timm wrote it at first.
    ];

    /// <summary>
    /// Side of the input that a configuration beside the checkpoint names (timm's <c>input_size</c>, Hugging Face's <c>crop_size</c>,
    /// <c>size</c> or <c>image_size</c>); null where none does.
    /// </summary>
    public static int? ImageSize(string checkpointPath)
    {
        foreach (var (_, config) in Configurations(checkpointPath))
        {
            double? side = config.Numbers("input_size")?[^1] ?? Side(config, "crop_size") ?? Side(config, "size");
            if (side is { } found)
                return Whole(config, found);
        }

        return JsonConfig.BesideModel(checkpointPath) is { } model && model.Number("image_size") is { } size
            ? Whole(model, size)
            : null;
    }

    public static Preprocessing Of(string checkpointPath, CheckpointFamily family, IVisionModel model)
    {
        var usual = Usual(family, model);
        foreach (var (file, config) in Configurations(checkpointPath))
        {
            if (Read(config, usual, model, file) is { } preprocessing)
                return preprocessing;
        }

        return usual;
    }

    private static string FolderOf(string checkpointPath) => Path.GetDirectoryName(Path.GetFullPath(checkpointPath))!;

    private static IEnumerable<(string File, JsonConfig Config)> Configurations(string checkpointPath)
    {
        foreach (var (file, section) in Places)
        {
            if (JsonConfig.Open(Path.Combine(FolderOf(checkpointPath), file)) is { } config && (section is null ? config : config.Section(section)) is { } found)
                yield return (file, found);
        }
    }

    private static double? Side(JsonConfig config, string key) =>
        config.Number(key) ?? config.Section(key)?.Number("height") ?? config.Section(key)?.Number("shortest_edge");

    private static int Whole(JsonConfig config, double side) => side == Math.Floor(side) && side is >= 8 and <= 4096
        ? (int)side
        : throw config.Refuse($"an image of {side.ToString(System.Globalization.CultureInfo.InvariantCulture)} pixels a side found, 8..4096 expected");

    /// <summary>What the publishers of a family use for most of their models; small images are used as they are.</summary>
    public static Preprocessing Usual(CheckpointFamily family, IVisionModel model)
    {
        const string source = "what is usual in the family";
        if (model.Channels == 1)
            return new(Normalization.FashionMnist, 1, ResampleFilter.Bilinear, source);
        double ratio = model.ImageSize <= 64 ? 1 : 224.0 / 256;
        if (model is Clip.IClipImageModel)
            return new(Normalization.Clip, 1, ResampleFilter.Bicubic, source);
        return family switch
        {
            CheckpointFamily.HuggingFaceVisionTransformer => new(Normalization.Half(3), 1, ResampleFilter.Bilinear, source),
            CheckpointFamily.HuggingFaceResNet or CheckpointFamily.HuggingFaceDistilledVisionTransformer or CheckpointFamily.HuggingFaceDeit
                or CheckpointFamily.HuggingFaceConvNext =>
                new(Normalization.ImageNet, ratio, ResampleFilter.Bicubic, source),
            CheckpointFamily.TimmVisionTransformer or CheckpointFamily.TimmDistilledVisionTransformer =>
                new(Normalization.ImageNet, Math.Max(ratio, 0.9), ResampleFilter.Bicubic, source),
            CheckpointFamily.TorchvisionConvNext => new(Normalization.ImageNet, ratio < 1 ? 224.0 / 232 : 1, ResampleFilter.Bilinear, source),
            CheckpointFamily.TimmConvNext or CheckpointFamily.OriginalConvNext => new(Normalization.ImageNet, ratio, ResampleFilter.Bicubic, source),
            _ => new(Normalization.ImageNet, ratio, ResampleFilter.Bilinear, source),
        };
    }

    private static Preprocessing? Read(JsonConfig config, Preprocessing usual, IVisionModel model, string file)
    {
        double[]? mean = config.Numbers("mean") ?? config.Numbers("image_mean"), std = config.Numbers("std") ?? config.Numbers("image_std");
        if (mean is null || std is null || mean.Length != model.Channels)
            return null;
        if (config.Number("rescale_factor") is { } factor && Math.Abs(factor * 255 - 1) > 1e-4)
            throw config.Refuse($"\"rescale_factor\" is {factor.ToString(System.Globalization.CultureInfo.InvariantCulture)}, 1/255 expected; give --mean and --std");
        var normalization = config.Flag("do_normalize") == false
            ? new Normalization([.. mean.Select(_ => 0.0)], [.. std.Select(_ => 1.0)])
            : new Normalization(mean, std);
        var found = usual with { Normalization = normalization, Source = file };
        if ((ConvNextRatio(config, model) ?? config.Number("crop_pct") ?? SizeRatio(config, model.ImageSize)) is { } ratio)
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

    // Hugging Face's ConvNextImageProcessor, which its ResNets use too: crop_pct, 224/256 if absent, below 384 pixels, and nothing cropped from there on.
    private static double? ConvNextRatio(JsonConfig config, IVisionModel model)
    {
        string? kind = config.Text("image_processor_type") ?? config.Text("feature_extractor_type");
        if (kind?.StartsWith("ConvNext", StringComparison.OrdinalIgnoreCase) != true)
            return null;
        return (Side(config, "size") ?? model.ImageSize) >= 384 ? 1 : config.Number("crop_pct") ?? 224.0 / 256;
    }

    // Hugging Face: size is the shorter side where a centre crop follows, else the whole input.
    private static double? SizeRatio(JsonConfig config, int imageSize)
    {
        double? shorter = Side(config, "size");
        bool crops = config.Flag("do_center_crop") ?? false;
        return crops && shorter >= imageSize ? imageSize / shorter : shorter is null ? null : 1;
    }
}
