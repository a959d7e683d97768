using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>Preprocessing that belongs to a checkpoint: what a configuration beside it says, else what is usual in the family.</summary>
[Trait("Category", "Golden")]
public sealed class PublishedPreprocessingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("config.json", """{"pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.9, "interpolation": "bicubic", "input_size": [3, 96, 96]}}""", 0.9, ResampleFilter.Bicubic, 96)]
    [InlineData("preprocessor_config.json", """{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 128}, "crop_pct": 0.875, "resample": 3}""", 0.875, ResampleFilter.Bicubic, 128)]
    [InlineData("preprocessor_config.json", """{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 80}, "do_center_crop": true, "crop_size": {"height": 64, "width": 64}, "resample": 2}""", 0.8, ResampleFilter.Bilinear, 64)]
    [InlineData("preprocessor_config.json", """{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": 96, "resample": 1}""", 1, ResampleFilter.Lanczos, 96)]
    [InlineData("preprocessor_config.json", """{"image_processor_type": "ConvNextImageProcessor", "do_resize": true, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 384}, "crop_pct": 0.875, "resample": 3}""", 1, ResampleFilter.Bicubic, 384)]
    [InlineData("preprocessor_config.json", """{"feature_extractor_type": "ConvNextFeatureExtractor", "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": 224, "crop_pct": null, "resample": 3}""", 0.875, ResampleFilter.Bicubic, 224)]
    [InlineData("preprocessor_config.json", """{"image_processor_type": "DeiTImageProcessor", "do_center_crop": true, "crop_size": {"height": 224, "width": 224}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"height": 256, "width": 256}, "rescale_factor": 0.00392156862745098, "resample": 3}""", 0.875, ResampleFilter.Bicubic, 224)]
    [InlineData("preprocessor_config.json", """{"crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true, "feature_extractor_type": "CLIPFeatureExtractor", "image_processor_type": "CLIPImageProcessor", "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 224}}""", 1, ResampleFilter.Bicubic, 224)]
    [InlineData("config.json", """{"architecture": "convnext_tiny", "num_classes": 10, "input_size": [3, 96, 96], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.95, "interpolation": "bicubic"}""", 0.95, ResampleFilter.Bicubic, 96)]
    [InlineData("open_clip_config.json", """{"preprocess_cfg": {"size": 64, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic"}}""", 1, ResampleFilter.Bicubic, 64)]
    public void AConfigurationBesideTheFileIsTakenAtItsWord(string file, string json, double crop, ResampleFilter filter, int size)
    {
        File.WriteAllText(folder.File(file), json);
        var source = ModelSource.Resolve(ConvNext());
        Assert.Equal((crop, filter, file), (source.Preprocessing.CropRatio, source.Preprocessing.Interpolation, source.Preprocessing.Source));
        Assert.Equal(Normalization.Half(3).Mean, source.Normalization.Mean);
        Assert.Equal(size, source.Model.ImageSize);
    }

    // Hugging Face's configuration of ConvNeXt-22k names 21 841 classes twice.
    [Fact]
    public void AConfigurationOfTwoMegabytesOfClassNamesIsRead()
    {
        var labels = Enumerable.Range(0, 21_841).Select(i => (Number: i, Name: $"a class of the larger ImageNet, number {i}")).ToList();
        File.WriteAllText(
            folder.File("config.json"),
            $$"""
            {"id2label": {{{string.Join(",", labels.Select(l => $"\"{l.Number}\": \"{l.Name}\""))}}}, "image_size": 96,
             "label2id": {{{string.Join(",", labels.Select(l => $"\"{l.Name}\": {l.Number}"))}}}, "layer_norm_eps": 1e-12}
            """);
        Assert.Equal(96, ModelSource.Resolve(ConvNext()).Model.ImageSize);
    }

    [Fact]
    public void WhereNothingIsNormalisedBrightnessGoesInAsItIs()
    {
        File.WriteAllText(folder.File("preprocessor_config.json"), """{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "do_normalize": false, "size": 224}""");
        var source = ModelSource.Resolve(ConvNext());
        Assert.Equal([0, 0, 0], source.Normalization.Mean);
        Assert.Equal([1, 1, 1], source.Normalization.Std);
    }

    [Fact]
    public void WithoutAConfigurationTheFamilysIsTaken()
    {
        var source = ModelSource.Resolve(ConvNext());
        Assert.Equal((224, 232), (source.Model.ImageSize, source.Preprocessing.ShorterSide(224))); // As torchvision publishes convnext_base.
        Assert.Equal("what is usual in the family", source.Preprocessing.Source);
        source.Convert(folder.File("timm.safetensors"), CheckpointNaming.Timm, null, source.Preprocessing);
        Assert.Equal("the checkpoint", ModelSource.Resolve(folder.File("timm.safetensors")).Preprocessing.Source);
    }

    [Fact]
    public void WhatTheUserSaysWinsAndIsSaved()
    {
        File.WriteAllText(folder.File("config.json"), """{"pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.9, "interpolation": "bicubic"}}""");
        var overrides = new ModelOverrides
        {
            ImageSize = 64, Preprocessing = new PreprocessingOverrides { Std = [0.1, 0.2, 0.3], Interpolation = ResampleFilter.Box },
        };
        var source = ModelSource.Resolve(ConvNext(), overrides);
        using (var store = source.LoadClassifier(_ => false, 0))
            source.Save(folder.File("saved.safetensors"), store);
        foreach (var told in (ModelSource[])[source, ModelSource.Resolve(folder.File("saved.safetensors"))])
        {
            Assert.Equal([0.1, 0.2, 0.3], told.Normalization.Std);
            Assert.Equal([0.5, 0.5, 0.5], told.Normalization.Mean);
            Assert.Equal((0.9, ResampleFilter.Box, 64), (told.Preprocessing.CropRatio, told.Preprocessing.Interpolation, told.Model.ImageSize));
        }
    }

    [Theory]
    [InlineData("""{"size": {"shortest_edge": 1e9}}""", "1000000000 pixels")]
    [InlineData("""{"crop_size": 12.5}""", "12.5 pixels")]
    [InlineData("""{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "crop_pct": 7}""", "crop ratio 7 found")]
    [InlineData("""{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 9}""", "\"resample\" is 9")]
    [InlineData("""{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "rescale_factor": 0.0078}""", "\"rescale_factor\" is 0.0078")]
    public void ValuesOutOfRangeAreRefused(string json, string expected)
    {
        File.WriteAllText(folder.File("preprocessor_config.json"), json);
        string file = ConvNext();
        var error = Assert.Throws<RobustifyException>(() => ModelSource.Resolve(file));
        Assert.Contains(expected, error.Message);
        Assert.Contains("preprocessor_config.json", error.Message);
    }

    private string ConvNext()
    {
        string file = folder.File("model.safetensors");
        File.Copy(GoldenData.PathOf("models", "torchvision_convnext", "model.safetensors"), file, overwrite: true);
        return file;
    }
}
