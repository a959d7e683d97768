using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>A ConvNeXt under each of its published names.</summary>
[Trait("Category", "Golden")]
public sealed class ConvNextNamesTests
{
    // Of the first block, the second downsampling and the head, in the order of the engine's own (timm's) names below.
    private static readonly string[] Timm =
    [
        "stem.0.weight", "stem.1.bias", "stages.0.blocks.1.gamma", "stages.0.blocks.1.conv_dw.weight", "stages.0.blocks.1.norm.bias",
        "stages.0.blocks.1.mlp.fc1.weight", "stages.0.blocks.1.mlp.fc2.bias", "stages.2.downsample.0.weight", "stages.2.downsample.1.weight",
        "head.norm.weight", "head.fc.bias",
    ];

    private static readonly string[] Torchvision =
    [
        "features.0.0.weight", "features.0.1.bias", "features.1.1.layer_scale", "features.1.1.block.0.weight", "features.1.1.block.2.bias",
        "features.1.1.block.3.weight", "features.1.1.block.5.bias", "features.4.0.weight", "features.4.1.weight", "classifier.0.weight",
        "classifier.2.bias",
    ];

    private static readonly string[] HuggingFace =
    [
        "convnext.embeddings.patch_embeddings.weight", "convnext.embeddings.layernorm.bias",
        "convnext.encoder.stages.0.layers.1.layer_scale_parameter", "convnext.encoder.stages.0.layers.1.dwconv.weight",
        "convnext.encoder.stages.0.layers.1.layernorm.bias", "convnext.encoder.stages.0.layers.1.pwconv1.weight",
        "convnext.encoder.stages.0.layers.1.pwconv2.bias", "convnext.encoder.stages.2.downsampling_layer.0.weight",
        "convnext.encoder.stages.2.downsampling_layer.1.weight", "convnext.layernorm.weight", "classifier.bias",
    ];

    private static readonly string[] Original =
    [
        "downsample_layers.0.0.weight", "downsample_layers.0.1.bias", "stages.0.1.gamma", "stages.0.1.dwconv.weight", "stages.0.1.norm.bias",
        "stages.0.1.pwconv1.weight", "stages.0.1.pwconv2.bias", "downsample_layers.2.0.weight", "downsample_layers.2.1.weight", "norm.weight",
        "head.bias",
    ];

    private static string Fixture => GoldenData.PathOf("models", "torchvision_convnext", "model.safetensors");

    public static TheoryData<string> Families() => ["timm", "torchvision", "huggingface", "original"];

    [Theory]
    [MemberData(nameof(Families))]
    public void EveryTensorHasItsPublishedNameAndTheFamilyIsToldFromThem(string family)
    {
        var (naming, names) = Of(family);
        Assert.Equal(Timm, names.Select(name => naming.Translate(name)?.Name));
        Assert.Equal(names, Timm.Select(name => naming.Publish(name)?.Single()));
        Assert.Equal(naming.Family, NamingFamily.Detect(names)!.Family);
        Assert.Null(naming.Translate(names[2] + ".weight"));
        Assert.Null(naming.Publish("blocks.0.norm1.weight"));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void UnderItsNamesItLoadsTheSameWeights(string family)
    {
        using var folder = new TemporaryFolder();
        var naming = Of(family).Naming;
        string path = folder.File("model.safetensors");
        using (var reader = CheckpointReader.Open(Fixture))
        {
            var writer = new SafetensorsWriter();
            foreach (string name in reader.File.Names)
            {
                TensorEntry entry = reader.File.Require(name);
                string engine = ConvNextNaming.Torchvision.Translate(name)!.Value.Name;
                var values = new float[entry.ElementCount];
                reader.File.ReadSingles(name, values);
                writer.AddFloats(naming.Publish(engine)!.Single(), naming.PublishedShape(engine, entry.Shape), values);
            }

            writer.Save(path);
        }

        var source = ModelSource.Resolve(path);
        Assert.Equal(naming.Family, source.Family);
        using ParameterStore expected = ModelSource.Resolve(Fixture).LoadClassifier(_ => false, 0), actual = source.LoadClassifier(_ => false, 0);
        foreach (var parameter in expected.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);

        // Hugging Face's last norm has an epsilon of its own; the others have one for all.
        float epsilon = ((Native.Models.ConvNext.ConvNext)source.Model).Options.FinalNormEpsilon;
        Assert.Equal(family == "huggingface" ? 1e-12f : 1e-6f, epsilon);
    }

    [Fact]
    public void MissingMisshapenAndUnknownTensorsAreListedWithWhatWasExpected()
    {
        using var folder = new TemporaryFolder();
        using var reader = CheckpointReader.Open(Fixture);
        var writer = new SafetensorsWriter();
        foreach (string name in reader.File.Names)
        {
            TensorEntry entry = reader.File.Require(name);
            var values = new float[entry.ElementCount];
            reader.File.ReadSingles(name, values);
            if (name == "features.1.0.block.5.bias")
                continue;
            writer.AddFloats(name, name == "features.1.1.layer_scale" ? [2, 6] : entry.Shape, values);
        }

        writer.AddFloats("features.1.1.block.9.weight", [1], new float[1]);
        writer.Save(folder.File("broken.safetensors"));
        var error = Assert.Throws<RobustifyException>(
            () => ModelSource.Resolve(folder.File("broken.safetensors")).LoadClassifier(_ => false, 0).Dispose());
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains("3 tensors do not fit", error.Message);
        Assert.Contains("'stages.0.blocks.0.mlp.fc2.bias' ('features.1.0.block.5.bias') is missing, [12] expected", error.Message);
        Assert.Contains("'stages.0.blocks.1.gamma' ('features.1.1.layer_scale') has shape [2, 6], [12] expected", error.Message);
        Assert.Contains("'features.1.1.block.9.weight' of shape [1] is unknown", error.Message);
    }

    [Fact]
    public void AnImageThatTheStagesDoNotDivideIsRefused()
    {
        var error = Assert.Throws<RobustifyException>(() => ModelSource.Resolve("convnext_tiny", new ModelOverrides { ImageSize = 250 }));
        Assert.Contains("image 250 found, a multiple of 32 expected", error.Message);
    }

    private static (ConvNextNaming Naming, string[] Names) Of(string family) => family switch
    {
        "timm" => (ConvNextNaming.Timm, Timm),
        "torchvision" => (ConvNextNaming.Torchvision, Torchvision),
        "huggingface" => (ConvNextNaming.HuggingFace, HuggingFace),
        _ => (ConvNextNaming.Original, Original),
    };
}
