using Robustify.Kernels.Parity;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Parity;

public sealed class ParityTests
{
    public static TheoryData<string> Operations() => new(ParityCases.All().Select(entry => entry.Operation).Distinct());

    [SoftwareCudaTheory]
    [MemberData(nameof(Operations))]
    public void Kernels_agree_with_loops_in_double_and_to_the_bit_in_every_order_of_threads(string operation)
    {
        var bits = new Dictionary<string, ulong>();
        SoftwareDeviceOptions[] runs =
            [new(), new(), new() { Order = ThreadOrder.Reverse, LazyStreams = true }, new() { Order = ThreadOrder.Random, Seed = 7 }];
        foreach (var options in runs)
            Assert.Empty(ParityRuns.Run(ParityCases.All().Where(entry => entry.Operation == operation), options, bits));
    }

    [SoftwareCudaFact]
    public void Backward_kernels_compute_the_slopes_of_the_forward_operations()
    {
        var bits = new Dictionary<string, ulong>();
        foreach (var options in (SoftwareDeviceOptions[])[new(), new() { Order = ThreadOrder.Reverse, LazyStreams = true }])
            Assert.Empty(ParityRuns.Run(GradientCaseList.All(), options, bits));
    }

    [SoftwareCudaFact]
    public void Kernels_touch_only_what_is_theirs_and_race_with_nobody() =>
        Assert.Empty(ParityRuns.Run(ParityCases.All(), new() { Check = true }, []));
}
