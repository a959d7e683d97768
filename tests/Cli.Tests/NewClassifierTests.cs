using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>A published model on data of other classes: refused as it is, trained with a fresh classifier where one is asked for.</summary>
public sealed class NewClassifierTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("linear")]
    [InlineData("lp-ft")]
    public void AModelOfOtherClassesIsTrainedOnThoseOfTheData(string method)
    {
        string data = Data("cat", "dog", "emu"), model = Published("model.safetensors"), run = folder.PathOf("run");
        string[] command = ["finetune", "--method", method, "--model", model, "--data", data, "--out", run, "--epochs", "1", "--batch", "4", "--held-out", "0"];
        var refused = Call.InProcess([.. command]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("3 classes found", Assert.Single(refused.ErrorLines));
        Assert.Contains("--new-classifier", refused.Error);

        Call.Succeeding([.. command, "--new-classifier"]);
        Assert.Equal(3, Inspect(run).GetProperty("classes").GetInt32());
        Call.Succeeding("predict", Path.Combine(data, "cat", "0.png"), "--model", run, "--data", data);
    }

    [Fact]
    public void APlanAsksForAClassifierAsTheRunDoes()
    {
        string[] plan = ["finetune", "--plan", "--method", "linear", "--model", "clip_resnet50", "--data", Data("cat", "dog"), "--batch", "2"];
        var refused = Call.InProcess(plan);
        Assert.Equal(2, refused.Code);
        Assert.Contains("--new-classifier", Assert.Single(refused.ErrorLines));
        Assert.Contains("peak", Call.Succeeding([.. plan, "--new-classifier"]).Out);
    }

    [Fact]
    public void InspectListsEveryTensorThatDoesNotFit()
    {
        string file = Published("model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        foreach (string name in (string[])["blocks.1.norm2.bias", "blocks.1.mlp.fc2.bias"])
        {
            byte[] known = [.. $"\"{name}\"".Select(c => (byte)c)];
            int at = bytes.AsSpan().IndexOf(known);
            bytes[at + known.Length - 2] = (byte)'z';
        }

        File.WriteAllBytes(file, bytes);
        Assert.Equal(
            [
                "'blocks.1.mlp.fc2.bias' is missing, [32] expected", "'blocks.1.mlp.fc2.biaz' of shape [32] is unknown to the model",
                "'blocks.1.norm2.bias' is missing, [32] expected", "'blocks.1.norm2.biaz' of shape [32] is unknown to the model",
            ],
            Inspect(file).GetProperty("misfits").EnumerateArray().Select(m => m.GetString()!).Order(StringComparer.Ordinal));
        Assert.Contains("does not fit     'blocks.1.mlp.fc2.biaz'", Call.Succeeding("inspect", file).Out);
        Assert.Equal(0, Inspect(TinyData.Model).GetProperty("misfits").GetArrayLength());
    }

    [Fact]
    public void InspectTellsAtAnotherSizeWherePositionsComeFrom()
    {
        string file = Published("model.safetensors");
        using var larger = JsonDocument.Parse(Call.Succeeding("inspect", file, "--image-size", "64", "--json").Out);
        Assert.Equal(32, larger.RootElement.GetProperty("positions_from_image_size").GetInt32());
        Assert.Contains("positions        learned on 32x32 pixels, interpolated to 64x64", Call.Succeeding("inspect", file, "--image-size", "64").Out);
        Assert.False(Inspect(file).TryGetProperty("positions_from_image_size", out _));
    }

    private string Published(string file)
    {
        string root = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(root, "tests", "fixtures")))
            root = Path.GetDirectoryName(root)!;
        foreach (string name in (string[])[file, "config.json"])
            folder.Write(Path.Combine("published", name), File.ReadAllBytes(Path.Combine(root, "tests", "fixtures", "models", "timm_vit", name)));
        return folder.PathOf("published", file);
    }

    private string Data(params string[] classes)
    {
        for (int label = 0; label < classes.Length; label++)
        {
            for (int i = 0; i < 5; i++)
                TinyData.WritePng(folder.PathOf("data", classes[label], $"{i}.png"), 5 * label + i);
        }

        return folder.PathOf("data");
    }

    private static JsonElement Inspect(string model)
    {
        using var document = JsonDocument.Parse(Call.Succeeding("inspect", model, "--json").Out);
        return document.RootElement.Clone();
    }
}
