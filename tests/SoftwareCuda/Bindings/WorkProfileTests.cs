using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Workflows.Profiling;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class WorkProfileTests
{
    [SoftwareCudaFact]
    public void A_training_step_is_profiled_kernel_by_kernel_and_timed_captured()
    {
        using var device = new SoftwareDevice();
        string cache = Directory.CreateTempSubdirectory("robustify-profile-").FullName;
        try
        {
            using var backend = CudaDevices.Open(new CudaOptions { CacheDirectory = cache });
            var profile = ProfileWorkflow.Run("resnet_fashion.train", 1, new ComputeTarget(backend, Precision.Bf16), 0, 32, default);
            Assert.True(profile is { Milliseconds: > 0, Ceilings: { GigabytesPerSecond: > 0, TeraflopsPerSecond: > 0 } });
            string[] names = [.. profile.Kernels.Select(kernel => kernel.Name)];
            Assert.Contains("optimizer_adamw_f32", names);
            Assert.Contains(names, name => name.StartsWith("convolution_", StringComparison.Ordinal));
            Assert.Equal(1, profile.Kernels.Sum(kernel => kernel.Share), 6);
            // Every launch does something: one that reports no bytes would be missing from the roofline.
            Assert.All(profile.Kernels, kernel => Assert.True(kernel.Bytes > 0, kernel.Name));
            Assert.Equal(profile.Launches.Length, profile.Kernels.Sum(kernel => kernel.Calls));
            profile = ProfileWorkflow.Run("corruption.motion_blur", 1, new ComputeTarget(backend), 0, 0, default);
            Assert.Equal(["copy to device", "corruption_motion_u8"], profile.Kernels.Select(kernel => kernel.Name).Order());
            profile = ProfileWorkflow.Run("augment.standard", 2, new ComputeTarget(backend), 0, 0, default);
            Assert.Equal(["copy to device", "image_crop_flip_u8", "image_normalize_f32", "image_resize_each_u8"], profile.Kernels.Select(kernel => kernel.Name).Order());
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }
}
