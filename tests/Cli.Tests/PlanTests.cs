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
    [InlineData("distill", "--student", "vit_tiny_patch16_224", "--teacher", "resnet18", "--batch", "8", "--device", "cuda", "--augment", "noise2net")]
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

    /// <summary>A machine without a device plans for one: batches are bytes there, and images, draws and scratch lie on the device.</summary>
    [Fact]
    public void OnCudaTheLoadersMemoryOnTheDeviceIsAPartOfItsOwn()
    {
        Dictionary<string, long> onCpu = Parts("cpu", "augmix"), onCuda = Parts("cuda", "augmix"), noise = Parts("cuda", "noise2net");
        const string host = "batches of images, in host memory", device = "batch of images and its augmentation";
        Assert.DoesNotContain(device, onCpu.Keys);
        Assert.True(onCuda[host] < onCpu["batches of images"]);

        // Two views of 8 images, 3 chains, each step from one image to another, with tables of levels; below that the batch itself.
        const long image = 224 * 224 * 3, chains = 8 * 2 * 3 * (2 * image + 3 * 256);
        Assert.InRange(onCuda[device], chains + 8 * image * 5, chains + 8 * image * 6);
        // 80 planes of floats for each of the rows that may get noise.
        Assert.InRange(noise[device], 8 * 2 * 80L * 224 * 224 * 4, long.MaxValue);

        Dictionary<string, long> Parts(string device, string augmentation)
        {
            using var document = JsonDocument.Parse(Call.Succeeding(
                "teach", "--model", "resnet18", "--batch", "8", "--augmix-views", "2", "--plan", "--json", "--device", device, "--augment", augmentation).Out);
            return document.RootElement.GetProperty("memory").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt64());
        }
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
