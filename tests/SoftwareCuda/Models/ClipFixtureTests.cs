using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Tests.Golden;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Models;

/// <summary>The CLIP fixtures through the unchanged CUDA backend.</summary>
public sealed class ClipFixtureTests
{
    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var (folder, task) in ClipFixture.All)
            cases.Add(folder, task);
        return cases;
    }

    [SoftwareCudaTheory]
    [MemberData(nameof(Cases))]
    public void Logits_losses_activations_and_every_gradient_agree_on_CUDA(string folder, string task)
    {
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            var differences = ClipFixture.Differences(folder, task, new ComputeTarget(cuda), out int compared);
            Assert.True(differences.Count == 0, string.Join('\n', differences));
            Assert.InRange(compared, task == "contrastive" ? 6 : 50, int.MaxValue);
        }

        device.ExpectClean();
    }
}
