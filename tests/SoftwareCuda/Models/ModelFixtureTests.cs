using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Tests.Golden;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Models;

/// <summary>The model fixtures on CUDA, by the code that compares the CPU's.</summary>
public sealed class ModelFixtureTests
{
    public static TheoryData<string, bool> Cases
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var (folder, training) in ModelFixture.Cases)
                data.Add(folder, training);
            return data;
        }
    }

    public static TheoryData<string> Folders => [.. ModelFixture.Folders];

    public static TheoryData<string> ResNets => [.. ModelFixture.ResNets];

    [SoftwareCudaTheory]
    [MemberData(nameof(Cases))]
    public void Logits_loss_activations_and_every_gradient_agree(string folder, bool training) =>
        OnCuda(target => ModelFixture.CompareStep(folder, training, target));

    [SoftwareCudaTheory]
    [MemberData(nameof(Folders))]
    public void Five_steps_of_SGD_give_the_recorded_losses(string folder) => OnCuda(target => ModelFixture.CompareTraining(folder, target));

    [SoftwareCudaTheory]
    [MemberData(nameof(ResNets))]
    public void Running_statistics_move_as_recorded(string folder) => OnCuda(target => ModelFixture.CompareStatistics(folder, target));

    private static void OnCuda(Action<ComputeTarget> compare)
    {
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
            compare(new ComputeTarget(cuda));
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }
}
