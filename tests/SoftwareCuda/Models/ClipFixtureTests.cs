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
    public void Logits_losses_activations_and_every_gradient_agree_on_CUDA(string folder, string task) => Agree(folder, task, Precision.Fp32);

    [SoftwareCudaFact]
    public void In_bfloat16_logits_and_gradients_are_as_near_as_it_can_be() => Agree("clip_quickgelu", "zeroshot", Precision.Bf16);

    private static void Agree(string folder, string task, Precision precision)
    {
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            var differences = ClipFixture.Differences(folder, task, new ComputeTarget(cuda, precision), out int compared);
            Assert.True(differences.Count == 0, string.Join('\n', differences));
            Assert.InRange(compared, task == "contrastive" ? 6 : 40, int.MaxValue);
        }

        device.ExpectClean();
    }
}
