using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>Published relatives with layers that the engine has not are refused by what they have; tensors are named as their libraries do.</summary>
[Trait("Category", "Golden")]
public sealed class ForeignPartsTests
{
    private const string Transformer = "timm_vit", ResNet = "torchvision_resnet_bottleneck", ConvNext = "torchvision_convnext";

    [Theory]
    [InlineData(Transformer, "reg_token", "register tokens")]
    [InlineData(Transformer, "pre_logits.fc.weight", "a layer between features and head")]
    [InlineData(Transformer, "attn_pool.latent", "attention pooling")]
    [InlineData(Transformer, "norm_pre.weight", "a norm before the blocks")]
    [InlineData(Transformer, "blocks.0.attn.q_norm.weight", "normalised queries")]
    [InlineData(Transformer, "blocks.0.mlp.w12.weight", "gated perceptrons")]
    [InlineData(Transformer, "blocks.0.attns.0.qkv.weight", "parallel branches")]
    [InlineData(Transformer, "patch_embed.backbone.stem.conv.weight", "a hybrid")]
    [InlineData("hf_vit", "vit.encoder.layer.0.layer_scale1.lambda1", "DINOv2's layer scales")]
    [InlineData(ResNet, "conv1.0.weight", "ResNet-C, -D or -T")]
    [InlineData(ResNet, "layer1.0.se.fc1.weight", "attention over channels")]
    [InlineData(ResNet, "layer1.0.downsample.2.weight", "ResNet-D")]
    [InlineData(ResNet, "layer1.0.conv2.fc1.weight", "ResNeSt")]
    [InlineData(ConvNext, "features.1.0.block.3.grn.weight", "ConvNeXt V2")]
    public void AnotherLayerIsNamedInTheRefusal(string folder, string tensor, string expected)
    {
        using var temporary = new TemporaryFolder();
        Rewrite(folder, temporary.File("model.safetensors"), name => name, extra: tensor);
        RawSafetensors.Refuses(expected, () => ModelSource.Resolve(temporary.File("model.safetensors")));
        RawSafetensors.Refuses($"'{tensor}'", () => ModelSource.Resolve(temporary.File("model.safetensors")));
    }

    [Theory]
    [InlineData("blocks.0.attn.qkv.bias", null, "qkv_bias = False")]
    [InlineData("cls_token", null, "a mean of normalised tokens")]
    [InlineData(null, "fc_norm.weight", "a mean of the patches beside a class token")]
    public void AnotherPoolingOrProjectionIsNamedInTheRefusal(string? without, string? with, string expected)
    {
        using var temporary = new TemporaryFolder();
        Rewrite(Transformer, temporary.File("model.safetensors"), name => name == without ? null : name, extra: with);
        RawSafetensors.Refuses(expected, () => ModelSource.Resolve(temporary.File("model.safetensors")));
    }

    [Theory]
    [InlineData("hf_resnet_v1", """{"downsample_in_first_stage": true}""", "\"downsample_in_first_stage\" is true")]
    [InlineData("hf_resnet_v1", """{"hidden_act": "gelu"}""", "only relu")]
    [InlineData(ResNet, """{"architecture": "resnetblur50"}""", "'resnetblur50' found, which smooths")]
    [InlineData("hf_vit", """{"hidden_act": "quick_gelu", "num_attention_heads": 2}""", "only \"gelu\"")]
    public void AConfigurationOfAnotherNetworkIsRefused(string folder, string config, string expected)
    {
        using var temporary = new TemporaryFolder();
        File.Copy(GoldenData.PathOf("models", folder, "model.safetensors"), temporary.File("model.safetensors"));
        File.WriteAllText(temporary.File("config.json"), config);
        RawSafetensors.Refuses(expected, () => ModelSource.Resolve(temporary.File("model.safetensors")));
    }

    // facebookresearch/deit, models_v2.py: gamma_1 and gamma_2 lie in the block itself.
    [Fact]
    public void TheNamesOfDeiT3sAuthorsAreRead()
    {
        using var temporary = new TemporaryFolder();
        Rewrite(
            "timm_deit3_vit", temporary.File("model.safetensors"),
            name => name.Replace("ls1.gamma", "gamma_1", StringComparison.Ordinal).Replace("ls2.gamma", "gamma_2", StringComparison.Ordinal), extra: null);
        File.Copy(GoldenData.PathOf("models", "timm_deit3_vit", "config.json"), temporary.File("config.json"));
        using var expected = ModelSource.Resolve(GoldenData.PathOf("models", "timm_deit3_vit", "model.safetensors")).LoadClassifier(_ => false, 0);
        using var actual = ModelSource.Resolve(temporary.File("model.safetensors")).LoadClassifier(_ => false, 0);
        foreach (var parameter in expected.All)
            Assert.Equal(parameter.Value.View.Span.ToArray(), actual[parameter.Spec.Name].Value.View.Span.ToArray());
    }

    // ViTModel and its like: features without a classifier, and one put on them.
    [Theory]
    [InlineData("hf_vit", "classifier.", "vit.")]
    [InlineData("torchvision_resnet_basic", "fc.", "")]
    [InlineData("torchvision_convnext", "classifier.2.", "")]
    public void AModelWithoutAClassifierAnswersWithFeaturesUntilItGetsOne(string folder, string head, string prefix)
    {
        using var temporary = new TemporaryFolder();
        string path = temporary.File("model.safetensors");
        Rewrite(folder, path, name => name.StartsWith(head, StringComparison.Ordinal) ? null : name[prefix.Length..], extra: null);
        if (folder == "hf_vit")
            File.Copy(GoldenData.PathOf("models", folder, "config.json"), temporary.File("config.json"));
        var whole = ModelSource.Resolve(GoldenData.PathOf("models", folder, "model.safetensors"));
        var headless = ModelSource.Resolve(path);
        Assert.Equal((0, whole.Family), (headless.Model.Classes, headless.Family));
        RawSafetensors.Refuses("--new-classifier", () => headless.Model.RequireHead(path));
        using (var body = headless.LoadClassifier(_ => false, 0))
            Assert.Equal(whole.Model.Body.Count, body.All.Count());
        using var fresh = ModelSource.Resolve(path, new ModelOverrides { Classes = 3 }).LoadClassifier(_ => false, 0);
        Assert.Equal(3, fresh[whole.Model.HeadName + ".weight"].Value.Shape[0]);
    }

    /// <summary>A fixture's model under other names, null for none, and with one more tensor.</summary>
    private static void Rewrite(string folder, string path, Func<string, string?> rename, string? extra)
    {
        using var file = SafetensorsFile.Open(GoldenData.PathOf("models", folder, "model.safetensors"));
        var writer = new SafetensorsWriter();
        foreach (string name in file.Names.Where(n => !n.EndsWith("num_batches_tracked", StringComparison.Ordinal)))
        {
            if (rename(name) is not { } published)
                continue;
            var values = new float[file.Require(name).ElementCount];
            file.ReadSingles(name, values);
            writer.AddFloats(published, file.Require(name).Shape, values);
        }

        if (extra is not null)
            writer.AddFloats(extra, [4], new float[4]);
        writer.Save(path);
    }
}
