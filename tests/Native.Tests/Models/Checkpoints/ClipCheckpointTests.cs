using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Clip;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Checkpoints.Torch;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>CLIP checkpoints under the names of open_clip and Hugging Face.</summary>
[Trait("Category", "Golden")]
public sealed class ClipCheckpointTests
{
    private const string Quick = "clip_quickgelu";
    private const string Residual = "clip_rn";

    public static TheoryData<string, CheckpointNaming> Routes() => new()
    {
        { Quick, CheckpointNaming.HuggingFace }, { Quick, CheckpointNaming.OpenClip }, { Quick, CheckpointNaming.Same },
        { "clip_gelu", CheckpointNaming.HuggingFace }, { Residual, CheckpointNaming.OpenClip }, { Residual, CheckpointNaming.Same },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public void ThereAndBackGivesEveryTensorBitForBit(string folder, CheckpointNaming naming)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(folder));
        Assert.Empty(source.Convert(temporary.File("there.safetensors"), naming, null, source.Preprocessing));
        var there = ModelSource.Resolve(temporary.File("there.safetensors"));
        Assert.Equal(source.Model.Description, there.Model.Description);
        Assert.Equal(source.Text!.Description, there.Text!.Description);
        there.Convert(temporary.File("back.safetensors"), CheckpointNaming.OpenClip, null, there.Preprocessing);
        using SafetensorsFile first = SafetensorsFile.Open(Fixture(folder)), back = SafetensorsFile.Open(temporary.File("back.safetensors"));
        Assert.Equal(first.Names.Order(StringComparer.Ordinal), back.Names.Order(StringComparer.Ordinal));
        foreach (string name in first.Names)
        {
            TensorEntry a = first.Require(name), b = back.Require(name);
            Assert.Equal(a.Shape, b.Shape);
            Assert.Equal(a.DType, b.DType);
            Assert.True(a.Data.SequenceEqual(b.Data), name);
        }
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public void UnderOtherNamesBothTowersLoadTheSameWeights(string folder, CheckpointNaming naming)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(folder));
        source.Convert(temporary.File("other.safetensors"), naming, null, source.Preprocessing);
        var other = ModelSource.Resolve(temporary.File("other.safetensors"));
        using var image = source.LoadClassifier(_ => false, 0);
        using var otherImage = other.LoadClassifier(_ => false, 0);
        using var text = source.LoadText();
        using var otherText = other.LoadText();
        foreach (var (expected, actual) in new[] { (image, otherImage), (text, otherText) })
        {
            foreach (var parameter in expected.All)
                Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
        }
    }

    // As transformers' CLIPModel lists them for two blocks; written apart from the tables under test.
    [Fact]
    public void HuggingFaceNamesAndTheLayoutOfItsProjectionsAreAsPublished()
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(Quick));
        source.Convert(temporary.File("hf.safetensors"), CheckpointNaming.HuggingFace, null, source.Preprocessing);
        using SafetensorsFile open = SafetensorsFile.Open(Fixture(Quick)), hugging = SafetensorsFile.Open(temporary.File("hf.safetensors"));
        string[] block =
        [
            .. new[] { "k_proj", "v_proj", "q_proj", "out_proj" }.Select(n => "self_attn." + n), "layer_norm1", "mlp.fc1", "mlp.fc2", "layer_norm2",
        ];
        string[] layers =
        [
            .. from tower in (string[])["text_model", "vision_model"] from layer in (int[])[0, 1] from module in block
               from kind in (string[])["weight", "bias"] select $"{tower}.encoder.layers.{layer}.{module}.{kind}",
        ];
        string[] others =
        [
            "logit_scale", "text_model.embeddings.token_embedding.weight", "text_model.embeddings.position_embedding.weight",
            "text_model.final_layer_norm.weight", "text_model.final_layer_norm.bias", "vision_model.embeddings.class_embedding",
            "vision_model.embeddings.patch_embedding.weight", "vision_model.embeddings.position_embedding.weight",
            "vision_model.pre_layrnorm.weight", "vision_model.pre_layrnorm.bias", "vision_model.post_layernorm.weight",
            "vision_model.post_layernorm.bias", "visual_projection.weight", "text_projection.weight",
        ];
        Assert.Equal([.. layers.Concat(others).Order(StringComparer.Ordinal)], hugging.Names.Order(StringComparer.Ordinal));

        float[] there = Floats(open, "visual.proj"), here = Floats(hugging, "visual_projection.weight");
        int embedding = (int)hugging.Require("visual_projection.weight").Shape[0], width = (int)open.Require("visual.proj").Shape[0];
        for (int e = 0; e < embedding; e++)
            for (int w = 0; w < width; w++)
                Assert.Equal(there[w * embedding + e], here[e * width + w]);
        float[] packed = Floats(open, "visual.transformer.resblocks.1.attn.in_proj_weight");
        Assert.Equal(packed[(width * width)..(2 * width * width)], Floats(hugging, "vision_model.encoder.layers.1.self_attn.k_proj.weight"));
    }

    // OpenAI's files are half precision, and many are state dicts with what the archive said of itself.
    [Fact]
    public void AHalfPrecisionStateDictGivesTheSameModel()
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(Quick));
        source.Convert(temporary.File("half.safetensors"), CheckpointNaming.Same, StoredDType.F16, source.Preprocessing);
        using var file = SafetensorsFile.Open(temporary.File("half.safetensors"));
        var archive = new TorchArchive().Start().EmptyOrderedDictionary().Raw((byte)'(');
        int key = 0;
        foreach (string name in file.Names)
            archive.Text(name).Floats($"{key++}", Floats(file, name), [.. file.Require(name).Shape.Select(x => (int)x)]);
        archive.Text("input_resolution").Floats($"{key}", [32], []);
        File.WriteAllBytes(temporary.File("clip.pt"), archive.Raw((byte)'u').End());
        File.Copy(GoldenData.PathOf("models", Quick, "open_clip_config.json"), temporary.File("open_clip_config.json"));
        using var expected = ModelSource.Resolve(temporary.File("half.safetensors")).LoadText();
        using var actual = ModelSource.Resolve(temporary.File("clip.pt")).LoadText();
        foreach (var parameter in expected.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
    }

    [Theory]
    [InlineData(Quick)]
    [InlineData(Residual)]
    public void AnImageTowerThatWasSavedBearsOpenClipsNamesAndLoadsAgain(string folder)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(folder));
        using var saved = source.LoadClassifier(_ => false, 0);
        source.Save(temporary.File("tower.safetensors"), saved);
        using (SafetensorsFile original = SafetensorsFile.Open(Fixture(folder)), written = SafetensorsFile.Open(temporary.File("tower.safetensors")))
        {
            string[] image = [.. original.Names.Where(n => n.StartsWith("visual.", StringComparison.Ordinal) && !n.EndsWith("num_batches_tracked", StringComparison.Ordinal))];
            Assert.Equal(image.Order(StringComparer.Ordinal), written.Names.Order(StringComparer.Ordinal));
            foreach (string name in image)
            {
                Assert.Equal(original.Require(name).Shape, written.Require(name).Shape);
                Assert.True(original.Require(name).Data.SequenceEqual(written.Require(name).Data), name);
            }
        }

        var again = ModelSource.Resolve(temporary.File("tower.safetensors"));
        Assert.Equal(source.Model.Description, again.Model.Description);
        Assert.Null(again.Text);
        using var loaded = again.LoadClassifier(_ => false, 0);
        foreach (var parameter in saved.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(loaded[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
        var refused = Assert.Throws<RobustifyException>(() => again.LoadText());
        Assert.Contains("has no text tower", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAConfigurationTheActivationMustBeNamed()
    {
        using var temporary = new TemporaryFolder();
        string file = temporary.File("clip.safetensors");
        File.Copy(Fixture(Quick), file);
        var refused = Assert.Throws<RobustifyException>(() => ModelSource.Resolve(file));
        Assert.Contains("the activation cannot be told", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);

        // 32 elements are one head by convention, but the fixture has two.
        File.WriteAllText(temporary.File("config.json"), """{"vision_config": {"num_attention_heads": 2, "hidden_act": "gelu"}, "text_config": {"num_attention_heads": 2, "hidden_act": "gelu"}}""");
        Assert.Equal(Activation.Gelu, ((ClipVisionTransformer)ModelSource.Resolve(file).Model).Options.Activation);
        var overridden = ModelSource.Resolve(file, new ModelOverrides { Activation = Activation.QuickGelu });
        Assert.Equal(Activation.QuickGelu, ((ClipVisionTransformer)overridden.Model).Options.Activation);
        Assert.Equal(Activation.QuickGelu, overridden.Text!.Options.Activation);
        overridden.Convert(temporary.File("recorded.safetensors"), CheckpointNaming.Same, null, overridden.Preprocessing);
        Assert.Equal(Activation.QuickGelu, ModelSource.Resolve(temporary.File("recorded.safetensors")).Text!.Options.Activation);
    }

    [Fact]
    public void MissingMisshapenAndUnknownTensorsAreListedByName()
    {
        using var temporary = new TemporaryFolder();
        using var original = SafetensorsFile.Open(Fixture(Quick));
        var writer = new SafetensorsWriter();
        foreach (string name in original.Names)
        {
            float[] values = Floats(original, name);
            if (name == "visual.ln_post.bias")
                writer.AddFloats(name, [16], values.AsMemory(0, 16));
            else if (name != "visual.ln_pre.weight")
                writer.AddFloats(name, original.Require(name).Shape, values);
        }

        writer.AddFloats("visual.extra", [1], new float[1]);
        writer.Save(temporary.File("open_clip_model.safetensors"));
        File.Copy(GoldenData.PathOf("models", Quick, "open_clip_config.json"), temporary.File("open_clip_config.json"));
        var source = ModelSource.Resolve(temporary.File("open_clip_model.safetensors"));
        var refused = Assert.Throws<RobustifyException>(() => source.LoadClassifier(_ => false, 0));
        Assert.Contains("3 tensors do not fit", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'norm_pre.weight' ('visual.ln_pre.weight') is missing, [32] expected", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'norm.bias' ('visual.ln_post.bias') has shape [16], [32] expected", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'visual.extra' of shape [1] is unknown", refused.Message, StringComparison.Ordinal);
    }

    // As transformers' CLIPVisionModelWithProjection is saved: of CLIPModel the images' part, and its configuration at the top level.
    [Theory]
    [InlineData("\"hidden_act\": \"gelu\",", Activation.Gelu)]
    [InlineData("", Activation.QuickGelu)] // The configuration's default.
    public void AnImageTowerAloneIsReadWithItsOwnConfiguration(string function, Activation expected)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(Quick));
        source.Convert(temporary.File("both.safetensors"), CheckpointNaming.HuggingFace, null, source.Preprocessing);
        Copy(temporary.File("both.safetensors"), temporary.File("model.safetensors"), name => name.StartsWith("vis", StringComparison.Ordinal) ? name : null);
        File.WriteAllText(temporary.File("config.json"), $$"""{"architectures": ["CLIPVisionModelWithProjection"], {{function}} "model_type": "clip_vision_model", "num_attention_heads": 4, "projection_dim": 24}""");
        var tower = ModelSource.Resolve(temporary.File("model.safetensors"));
        var options = Assert.IsType<ClipVisionTransformerOptions>(((IClipImageModel)tower.Model).Options);
        Assert.Equal((expected, 4, CheckpointFamily.HuggingFaceClip), (options.Activation, options.Heads, tower.Family));
        Assert.Null(tower.Text);
        using var loaded = tower.LoadClassifier(_ => false, 0);
    }

    [Fact]
    public void ATowerWithoutItsProjectionIsRefusedByTheNameItLacks()
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(Quick));
        source.Convert(temporary.File("both.safetensors"), CheckpointNaming.HuggingFace, null, source.Preprocessing);
        Copy(temporary.File("both.safetensors"), temporary.File("model.safetensors"), name => name.StartsWith("vision_model.", StringComparison.Ordinal) ? name : null);
        File.WriteAllText(temporary.File("config.json"), """{"model_type": "clip_vision_model", "num_attention_heads": 4}""");
        RawSafetensors.Refuses("'proj.weight' ('visual_projection.weight') is missing", () => ModelSource.Resolve(temporary.File("model.safetensors")));
    }

    // Buffers that transformers kept in its files until 4.31, and open_clip's mask.
    [Theory]
    [InlineData(CheckpointNaming.HuggingFace, "vision_model.embeddings.position_ids")]
    [InlineData(CheckpointNaming.HuggingFace, "text_model.embeddings.position_ids")]
    [InlineData(CheckpointNaming.OpenClip, "attn_mask")]
    public void BuffersOfOlderFilesAreKnownAndLeftOutUnderOtherNames(CheckpointNaming naming, string buffer)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(Quick));
        source.Convert(temporary.File("plain.safetensors"), naming, null, source.Preprocessing);
        using (var file = SafetensorsFile.Open(temporary.File("plain.safetensors")))
        {
            var writer = new SafetensorsWriter();
            foreach (var (key, value) in file.Metadata)
                writer.SetMetadata(key, value);
            foreach (string name in file.Names)
                writer.AddFloats(name, file.Require(name).Shape, Floats(file, name));
            writer.AddIntegers(buffer, [1, 3], new long[] { 0, 1, 2 });
            writer.Save(temporary.File("model.safetensors"));
        }

        var model = ModelSource.Resolve(temporary.File("model.safetensors"));
        Assert.Empty(model.Misfits(model.Model.AllSpecs()));
        using var text = model.LoadText();
        var other = naming == CheckpointNaming.OpenClip ? CheckpointNaming.HuggingFace : CheckpointNaming.OpenClip;
        Assert.Equal([buffer], model.Convert(temporary.File("other.safetensors"), other, null, model.Preprocessing));
    }

    [Fact]
    public void ATextTowerOneLevelLowerIsTheSame()
    {
        using var temporary = new TemporaryFolder();
        Copy(Fixture(Quick), temporary.File("model.safetensors"), name => name.StartsWith("visual.", StringComparison.Ordinal) || name == "logit_scale" ? name : "text." + name);
        File.Copy(GoldenData.PathOf("models", Quick, "open_clip_config.json"), temporary.File("open_clip_config.json"));
        using var expected = ModelSource.Resolve(Fixture(Quick)).LoadText();
        using var actual = ModelSource.Resolve(temporary.File("model.safetensors")).LoadText();
        foreach (var parameter in expected.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
    }

    [Theory]
    [InlineData("vision_cfg", "\"pool_type\": \"avg\"", "\"pool_type\" is \"avg\" in \"vision_cfg\"")]
    [InlineData("vision_cfg", "\"global_average_pool\": true", "\"global_average_pool\" is true")]
    [InlineData("text_cfg", "\"no_causal_mask\": true", "\"no_causal_mask\" is true")]
    [InlineData("text_cfg", "\"act_kwargs\": {\"approximate\": \"tanh\"}", "\"act_kwargs\" is")]
    public void AConfigurationOfAnotherTowerIsRefused(string part, string entry, string expected)
    {
        using var temporary = new TemporaryFolder();
        File.Copy(Fixture(Quick), temporary.File("model.safetensors"));
        File.WriteAllText(temporary.File("open_clip_config.json"), $$"""{"model_cfg": {"embed_dim": 24, "{{part}}": { {{entry}} } } }""");
        RawSafetensors.Refuses(expected, () => ModelSource.Resolve(temporary.File("model.safetensors")));
    }

    [Fact]
    public void AResidualTowerHasNoHuggingFaceNames()
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Fixture(Residual));
        var refused = Assert.Throws<RobustifyException>(() => source.Convert(temporary.File("x.safetensors"), CheckpointNaming.HuggingFace, null, source.Preprocessing));
        Assert.Contains("no names of HuggingFace", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PositionsAreInterpolatedToAnotherImageSize()
    {
        var larger = ModelSource.Resolve(Fixture(Quick), new ModelOverrides { ImageSize = 48 });
        using var loaded = larger.LoadClassifier(_ => false, 0);
        using var original = ModelSource.Resolve(Fixture(Quick)).LoadClassifier(_ => false, 0);
        Assert.Equal(37, loaded["pos_embed"].Value.Shape[0]);
        Assert.Equal(original["pos_embed"].Value.View.Span[..32].ToArray(), loaded["pos_embed"].Value.View.Span[..32].ToArray());
    }

    /// <summary>A file under other names; null leaves a tensor out.</summary>
    private static void Copy(string from, string to, Func<string, string?> rename)
    {
        using var file = SafetensorsFile.Open(from);
        var writer = new SafetensorsWriter();
        foreach (string name in file.Names)
        {
            if (rename(name) is { } published)
                writer.AddFloats(published, file.Require(name).Shape, Floats(file, name));
        }

        writer.Save(to);
    }

    private static string Fixture(string folder) => GoldenData.PathOf("models", folder, "open_clip_model.safetensors");

    private static float[] Floats(SafetensorsFile file, string name)
    {
        var values = new float[file.Require(name).ElementCount];
        file.ReadSingles(name, values);
        return values;
    }
}
