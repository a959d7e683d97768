using Robustify.Kernels.Backends;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints.Torch;

/// <summary>Modules of torch.jit.save: their tensors are those of the state dict, and nothing but attributes is made of them.</summary>
public sealed class TorchScriptTests
{
    private static readonly float[] Two = [1, 2];

    [Fact]
    [Trait("Category", "Golden")]
    public void AnArchiveOfPyTorchHoldsTheStateDictOfItsModuleBitForBit()
    {
        using ITensorFile script = TensorFiles.Open(Published("model.pt")), plain = TensorFiles.Open(Published("state_dict.pt"));
        Assert.Equal("TorchScript archive", script.Format);
        Assert.Equal("PyTorch state dict", plain.Format);
        Assert.Equal(41, plain.Names.Count); // As PyTorch counts them.
        Assert.Equal(plain.Names.Order(StringComparer.Ordinal), script.Names.Order(StringComparer.Ordinal));
        foreach (string name in plain.Names)
        {
            TensorEntry expected = plain.Require(name), actual = script.Require(name);
            Assert.Equal(expected.DType, actual.DType);
            Assert.Equal(expected.Shape, actual.Shape);
            Assert.True(expected.Data.SequenceEqual(actual.Data), name);
        }
    }

    // Its buffers tell that it is OpenAI's, hence the activation: no file beside it is needed.
    [Fact]
    [Trait("Category", "Golden")]
    public void AClipModelAsOpenAiPublishesItLoadsWithNothingBesideIt()
    {
        var source = ModelSource.Resolve(Published("model.pt"));
        Assert.Equal(CheckpointFamily.OpenClip, source.Family);
        Assert.Equal(Activation.QuickGelu, source.Text!.Options.Activation);
        Assert.Equal((12, 3), (source.Text.Options.VocabularySize, source.Text.Options.ContextLength));
        using var image = source.LoadClassifier(_ => false, 0);
        using var text = source.LoadText();
        using var plain = CheckpointReader.Open(Published("state_dict.pt"));
        foreach (var parameter in image.All.Concat(text.All))
        {
            var expected = new float[parameter.Value.View.Span.Length];
            plain.Read(parameter.Spec.Name, expected);
            Assert.True(parameter.Value.View.Span.SequenceEqual(expected), parameter.Spec.Name);
        }
    }

    [Fact]
    public void AttributesThatAreNoTensorsAreLeftOutAndASharedModuleHasBothItsNames()
    {
        var archive = new TorchArchive().Start().Module("Net")
            .Text("first").Module("Linear").Text("weight").Floats("0", Two, 2).EndModule().Raw((byte)'q', 1)
            .Text("size").Integer(3).Text("name").Text("net").Text("nothing").Raw((byte)'N')
            .Text("second").Raw((byte)'h', 1).EndModule();
        using var file = Open(archive.End());
        Assert.Equal(["first.weight", "second.weight"], file.Names);
        var values = new float[2];
        file.ReadSingles("second.weight", values);
        Assert.Equal(Two, values);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("__torch__2", "Net")]
    [InlineData("torch.jit._pickle", "build_tensor_from_id")]
    public void AForeignGlobalInsideIsRefusedByName(string module, string name) => Refuses(
        $"names '{module}.{name}'",
        new TorchArchive().Start().Module("Net").Text("x").Global(module, name).Raw((byte)')', 0x81).EndModule());

    [Fact]
    public void AModuleThatLiesInItselfIsRefused()
    {
        // The class's object is kept in the memo before it has attributes, as PyTorch does.
        TorchArchive Begun() => new TorchArchive().Start().Global("__torch__", "Net").Raw((byte)')', 0x81, (byte)'q', 1, (byte)'}', (byte)'(');
        Refuses("module 'self' lies in itself", Begun().Text("self").Raw((byte)'h', 1).EndModule());
        Refuses("module 'a.self' lies in itself", Begun().Text("a").Module("Net").Text("self").Raw((byte)'h', 1).EndModule().EndModule());
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(8_000, false)]
    public void ModulesNestSixtyFourDeepAtMost(int depth, bool isRead)
    {
        var archive = new TorchArchive().Start();
        for (int i = 1; i < depth; i++)
            archive.Module("M").Text("m");
        archive.Module("M").Text("x").Floats("0", Two, 2);
        for (int i = 0; i < depth; i++)
            archive.EndModule();
        if (!isRead)
        {
            Refuses("modules more than 64 deep", archive);
            return;
        }

        using var file = Open(archive.End());
        Assert.Equal(64, file.Names[0].Split('.').Length);
    }

    [Fact]
    public void SharedModulesThatMultiplyAndNamesWithoutEndAreRefused()
    {
        // Each module holds the next one twice: 2^40 modules in a kilobyte.
        var archive = new TorchArchive().Start().Module("M").EndModule().Raw((byte)'q', 0);
        for (byte i = 0; i < 40; i++)
            archive.Module("M").Text("a").Raw((byte)'h', i).Text("b").Raw((byte)'h', i).EndModule().Raw((byte)'q', (byte)(i + 1));
        Refuses("names of more than 1048576 characters together", archive);

        var wide = new TorchArchive().Start().Module("M");
        for (int i = 0; i < 600; i++)
            wide.Text("n").Integer(i);
        wide.EndModule().Raw((byte)'q', 0).Module("M");
        for (int i = 0; i < 600; i++)
            wide.Text("m").Raw((byte)'h', 0);
        Refuses("more than 262144 attributes", wide.EndModule());
        Refuses("a name of 1025 characters", new TorchArchive().Start().Module("M").Text(new string('x', 1025)).Floats("0", Two, 2).EndModule());
    }

    [Fact]
    public void AStateThatIsNoDictionaryOrGivenTwiceIsRefusedAndSoIsAClassWithArguments()
    {
        Refuses("gives a module something else than attributes", new TorchArchive().Start().Global("__torch__", "M").Raw((byte)')', 0x81).Text("x").Raw((byte)'b'));
        Refuses("a module without one expected", new TorchArchive().Start().Module("M").EndModule().Raw((byte)'}', (byte)'b'));
        Refuses("calls ScriptClass", new TorchArchive().Start().Global("__torch__", "M").Text("x").Raw(0x85, 0x81));
        Refuses("holds no tensors by name", new TorchArchive().Start().Global("__torch__", "M").Raw((byte)')', (byte)'R'));
        Refuses("tensor 'x' occurs twice", new TorchArchive().Start().Module("M").Text("x").Floats("0", Two, 2).Text("x").Floats("0", Two, 2).EndModule());
    }

    private static string Published(string name) => GoldenData.PathOf("models", "torchscript_clip", name);

    private static ITensorFile Open(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model.pt"), bytes);
        return TensorFiles.Open(folder.File("model.pt")); // The mapping outlives the name.
    }

    private static void Refuses(string expected, TorchArchive archive) => RawSafetensors.Refuses(expected, () => Open(archive.End()).Dispose());
}
