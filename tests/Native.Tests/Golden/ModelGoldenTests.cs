using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;

namespace Robustify.Native.Tests.Golden;

/// <summary>The model fixtures on the CPU.</summary>
[Trait("Category", "Golden")]
public sealed class ModelGoldenTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public static TheoryData<string, bool> Cases => Pairs(ModelFixture.Cases);

    public static TheoryData<string> Folders => [.. ModelFixture.Folders];

    public static TheoryData<string> ResNets => [.. ModelFixture.ResNets];

    private ComputeTarget Target => new(backend);

    public void Dispose() => backend.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsLossActivationsAndEveryGradientAgree(string folder, bool training) => ModelFixture.CompareStep(folder, training, Target);

    [Theory]
    [MemberData(nameof(Folders))]
    public void FiveStepsOfSgdGiveTheRecordedLosses(string folder) => ModelFixture.CompareTraining(folder, Target);

    [Theory]
    [MemberData(nameof(ResNets))]
    public void RunningStatisticsMoveAsRecorded(string folder) => ModelFixture.CompareStatistics(folder, Target);

    private static TheoryData<string, bool> Pairs(IEnumerable<(string, bool)> cases)
    {
        var data = new TheoryData<string, bool>();
        foreach (var (folder, training) in cases)
            data.Add(folder, training);
        return data;
    }
}
