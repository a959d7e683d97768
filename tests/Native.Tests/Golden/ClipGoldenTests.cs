using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;

namespace Robustify.Native.Tests.Golden;

/// <summary>CLIP against the published definition; see <see cref="ClipFixture"/>.</summary>
[Trait("Category", "Golden")]
public sealed class ClipGoldenTests
{
    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var (folder, task) in ClipFixture.All)
            cases.Add(folder, task);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsLossesActivationsStatisticsAndEveryGradientAgree(string folder, string task)
    {
        using var backend = new CpuBackend(2);
        var differences = ClipFixture.Differences(folder, task, new ComputeTarget(backend), out int compared);
        Assert.True(differences.Count == 0, string.Join('\n', differences));
        Assert.InRange(compared, task == "contrastive" ? 6 : 50, int.MaxValue);
    }
}
