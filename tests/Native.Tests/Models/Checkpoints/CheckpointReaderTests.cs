using Robustify.Kernels;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints;

public class CheckpointReaderTests
{
    [Fact]
    public void MisfitsAreListedUpToFiveWithWhatWasExpected()
    {
        using var folder = new TemporaryFolder();
        using var reader = Open(folder, ("cls_token", [1, 1, 4]), ("norm.weight", [4]), ("blocks.0.ls1.gamma", [4]));
        reader.Match([("cls_token", [4]), ("norm.weight", [4]), ("blocks.0.ls1.gamma", [4])]);
        reader.Match([("cls_token", [4]), ("norm.weight", [4])], name => name == "blocks.0.ls1.gamma");
        (string, int[])[] wanted = [("cls_token", [5]), ("head.weight", [10, 4]), ("norm.weight", [4])];
        string message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => reader.Match(wanted)));
        Assert.Contains("3 tensors do not fit the model: 'cls_token' has shape [4], [5] expected; 'head.weight' is missing, [10, 4] expected; 'blocks.0.ls1.gamma' of shape [4] is unknown to the model;", message, StringComparison.Ordinal);

        var many = Enumerable.Range(0, 12).Select(i => ($"blocks.{i}.norm1.weight", new[] { 4 })).ToList();
        message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => reader.Match(many)));
        Assert.Contains("15 tensors do not fit", message, StringComparison.Ordinal);
        Assert.Contains("'blocks.4.norm1.weight' is missing, [4] expected and 10 more", message, StringComparison.Ordinal);
        Assert.DoesNotContain("blocks.5", message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMisshapenTensorIsNamedAsTheFileNamesItToo()
    {
        using var folder = new TemporaryFolder();
        using var reader = Open(folder, ("class_token", [1, 1, 4]));
        RawSafetensors.Refuses("'cls_token' ('class_token') has shape [4], [8] expected", () => reader.Match([("cls_token", [8])]));
    }

    [Fact]
    public void QueryKeyAndValueMustAllBeThereAndAlike()
    {
        using var folder = new TemporaryFolder();
        const string attention = "vit.encoder.layer.0.attention.attention";
        using var reader = Open(folder, ($"{attention}.query.weight", [4, 4]), ($"{attention}.value.weight", [4, 4]));
        Assert.False(reader.Contains("blocks.0.attn.qkv.weight"));
        string message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => reader.Match([("blocks.0.attn.qkv.weight", [12, 4])])));
        Assert.Contains("'blocks.0.attn.qkv.weight' ('vit.encoder.layer.0.attention.attention.key.weight') lacks its query, key or value part, [12, 4] expected", message, StringComparison.Ordinal);

        message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(
            () => Open(folder, ($"{attention}.query.weight", [4, 4]), ($"{attention}.key.weight", [2, 4]), ($"{attention}.value.weight", [4, 4]))));
        Assert.Contains("key.weight' has shape [2, 4], that of", message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoNamesForOneTensorAreRefused()
    {
        using var folder = new TemporaryFolder();
        const string mlp = "encoder.layers.encoder_layer_3.mlp";
        string message = RawSafetensors.OneLineOf(Assert.Throws<RobustifyException>(() => Open(folder, ($"{mlp}.0.bias", [4]), ($"{mlp}.linear_1.bias", [4]))));
        Assert.Contains("are both 'blocks.3.mlp.fc1.bias'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileOfNoFamilyPassesThroughButDescribesNothing()
    {
        using var folder = new TemporaryFolder();
        using var reader = Open(folder, ("decoder.proj", [4, 4]), ("token_embedding.bias", [4]));
        Assert.Equal(CheckpointFamily.Unknown, reader.Family);
        Assert.Equal(["decoder.proj", "token_embedding.bias"], reader.EngineNames);
        RawSafetensors.Refuses("'decoder.proj'", reader.Describe);
    }

    [Fact]
    public void ViTModelWithoutPrefixIsReadAndItsPoolerSkipped()
    {
        using var folder = new TemporaryFolder();
        using var reader = Open(folder, ("embeddings.cls_token", [1, 1, 4]), ("pooler.dense.weight", [4, 4]), ("encoder.layer.10.layernorm_after.bias", [4]));
        Assert.Equal(CheckpointFamily.HuggingFaceVisionTransformer, reader.Family);
        Assert.Equal(["cls_token", "blocks.10.norm2.bias"], reader.EngineNames);
    }

    [Fact]
    public void ExtentsThatOverflowIn32BitsAreRefusedEvenWithoutElements()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<RobustifyException>(() => Open(folder, ("cls_token", [0, 1L << 40])));
        Assert.Throws<RobustifyException>(() => Open(folder, ("patch_embed.proj.weight", [0, 3, 1 << 20, 1 << 20])));
    }

    [Theory]
    [InlineData(192, null, null, 3)]
    [InlineData(768, null, null, 12)]
    [InlineData(1280, null, null, 16)] // ViT-H: 80 elements a head
    [InlineData(96, null, "{\"num_attention_heads\":6}", 6)]
    [InlineData(96, "4", "{\"num_attention_heads\":6}", 4)]
    public void HeadsComeFromMetadataThenConfigThenWidth(int width, string? metadata, string? config, int heads)
    {
        using var folder = new TemporaryFolder();
        using var reader = OpenTransformer(folder, width, metadata, config);
        var description = (VisionTransformerDescription)reader.Describe();
        Assert.Equal(new VisionTransformerDescription(1, 0, 4, 2, width, 2, 7, heads, 1e-6), description);
        Assert.Equal(4, description.ImageSize);
    }

    [Theory]
    [InlineData(96, null, null, "cannot be told from the width 96")]
    [InlineData(1152, null, null, "cannot be told from the width 1152")]
    [InlineData(64, "5", null, "5 attention heads found, a divisor of the width 64 expected")]
    [InlineData(64, "2.5", null, "2.5 attention heads")]
    [InlineData(64, "many", null, "metadata 'heads' is 'many'")]
    [InlineData(64, null, "{\"num_heads\":\"x\"}", "\"num_heads\" is no positive integer")]
    [InlineData(64, null, "{\"layer_norm_eps\":-1}", "\"layer_norm_eps\" is no number between 0 and 1")]
    [InlineData(64, null, "{\"hidden_act\":\"quick_gelu\"}", "only \"gelu\" is supported")]
    [InlineData(64, null, "{\"hidden_act\":\"\\ud800\"}", "only \"gelu\" is supported")]
    [InlineData(64, null, "[]", "no JSON object")]
    [InlineData(64, null, "{\n", "cannot be read")]
    [InlineData(64, null, "", "0 bytes found")]
    public void HeadsOrConfigThatCannotBeAreRefused(int width, string? metadata, string? config, string expected)
    {
        using var folder = new TemporaryFolder();
        using var reader = OpenTransformer(folder, width, metadata, config);
        RawSafetensors.Refuses(expected, reader.Describe);
    }

    [Fact]
    public void AHugeBlockNumberMakesNoHugeModel()
    {
        using var folder = new TemporaryFolder();
        using var reader = OpenTransformer(folder, 64, null, null, ("blocks.99999.mlp.fc1.weight", [7, 64]));
        Assert.Equal(2, ((VisionTransformerDescription)reader.Describe()).Depth);
    }

    [Fact]
    public void ASmallImageStemAndSeveralBlocksAreTold()
    {
        using var folder = new TemporaryFolder();
        using var reader = Open(
            folder, ("conv1.weight", [16, 1, 3, 3]), ("layer1.0.conv1.weight", [16, 16, 3, 3]), ("layer1.0.conv2.weight", [16, 16, 3, 3]),
            ("layer1.1.conv1.weight", [16, 16, 3, 3]), ("layer2.0.conv1.weight", [32, 16, 3, 3]), ("layer2.0.conv2.weight", [32, 32, 3, 3]), ("fc.weight", [5, 32]));
        var description = (ResNetDescription)reader.Describe();
        Assert.Equal((3, 16, 1, 5, ResNetBlockKind.Basic), (description.StemKernel, description.StemWidth, description.Channels, description.Classes, description.Block));
        Assert.Equal([2, 1], description.Layers);
        Assert.Equal([16, 32], description.StageOutputs);
    }

    [Fact]
    public void GroupedConvolutionsAreRefused()
    {
        using var folder = new TemporaryFolder();
        using var reader = Open(
            folder, ("conv1.weight", [64, 3, 7, 7]), ("layer1.0.conv1.weight", [128, 64, 1, 1]), ("layer1.0.conv2.weight", [128, 4, 3, 3]),
            ("layer1.0.conv3.weight", [256, 128, 1, 1]));
        RawSafetensors.Refuses("convolutions in 32 groups (ResNeXt)", reader.Describe);
    }

    private static CheckpointReader OpenTransformer(TemporaryFolder folder, int width, string? heads, string? config, params (string, long[])[] more)
    {
        if (config is not null)
            File.WriteAllText(folder.File("config.json"), config);
        return Open(
            folder, heads,
            [
                ("cls_token", [1, 1, width]), ("pos_embed", [1, 5, width]), ("patch_embed.proj.weight", [width, 1, 2, 2]),
                ("blocks.0.mlp.fc1.weight", [7, width]), ("blocks.1.mlp.fc1.weight", [7, width]), .. more,
            ]);
    }

    private static CheckpointReader Open(TemporaryFolder folder, params (string Name, long[] Shape)[] tensors) => Open(folder, null, tensors);

    private static CheckpointReader Open(TemporaryFolder folder, string? heads, (string Name, long[] Shape)[] tensors)
    {
        var writer = new SafetensorsWriter();
        if (heads is not null)
            writer.SetMetadata(CheckpointNames.HeadsKey, heads);
        foreach ((string name, long[] shape) in tensors)
            writer.AddFloats(name, shape, new float[shape.Aggregate(1L, (a, b) => a * b)]);
        writer.Save(folder.File("model.safetensors"));
        return CheckpointReader.Open(folder.File("model.safetensors"));
    }
}
