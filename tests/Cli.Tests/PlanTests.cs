using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>Memory told before a run, by the verbs that would take it.</summary>
public sealed class PlanTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("distill", "--student", "vit_tiny_patch16_224", "--teacher", "resnet18", "--batch", "8")]
    [InlineData("teach", "--model", "convnext_tiny", "--batch", "8")]
    [InlineData("pretrain", "--model", "resnet_fashion")]
    [InlineData("finetune", "--model", "vit_tiny_patch16_224", "--method", "linear")]
    [InlineData("bench", "--model", "vit_fashion", "--model", "other=resnet_fashion")]
    public void ThePlanIsPrintedAndNothingIsDone(params string[] arguments)
    {
        string[] call = [.. arguments, "--plan", "--out", folder.PathOf("run")];
        string table = Call.Succeeding(call).Out;
        Assert.Contains("peak", table);
        using var document = JsonDocument.Parse(Call.Succeeding([.. call, "--json"]).Out);
        var parts = document.RootElement.GetProperty("memory").EnumerateObject().Select(p => (p.Name, Bytes: p.Value.GetInt64())).ToArray();
        Assert.All(parts, part => Assert.Contains(part.Name, table));
        Assert.Equal(parts.Sum(p => p.Bytes), document.RootElement.GetProperty("peak_bytes").GetInt64());
        Assert.Contains(parts, part => part.Bytes > 0);
        Assert.False(Directory.Exists(folder.PathOf("run")));
    }

    [Fact]
    public void InspectTellsWhatAnsweringAndTrainingTake()
    {
        using var document = JsonDocument.Parse(Call.Succeeding("inspect", "vit_fashion", "--plan", "--batch", "4", "--json").Out);
        long answer = document.RootElement.GetProperty("to_answer").GetProperty("peak_bytes").GetInt64();
        long train = document.RootElement.GetProperty("to_train").GetProperty("peak_bytes").GetInt64();
        Assert.InRange(answer, 4 * document.RootElement.GetProperty("parameters").GetInt64(), train);
    }
}
