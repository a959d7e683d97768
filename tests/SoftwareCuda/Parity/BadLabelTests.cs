using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Parity;

public sealed class BadLabelTests
{
    // The device cannot stop a step; the loss must say that it failed, and no other row may suffer.
    [SoftwareCudaTheory]
    [InlineData(-1)]
    [InlineData(3)]
    public void A_label_beyond_the_classes_makes_the_loss_NaN_and_reads_nothing_outside(int label)
    {
        using var device = new SoftwareDevice(new() { Check = true });
        using (var backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions()))
        {
            using var memory = backend.Allocate(4096, "test");
            TensorView logits = memory.View(0, new Shape(2, 3)), labels = memory.View(256, new Shape(2), DType.Int32);
            TensorView loss = memory.View(512, new Shape(1)), gradient = memory.View(768, new Shape(2, 3));
            backend.Upload<float>([1, 2, 3, 1, 2, 3], logits);
            backend.Upload<int>([label, 1], labels);
            backend.CrossEntropy(logits, labels, loss, gradient, 0, 2, 0, 1, false);
            Assert.True(float.IsNaN(backend.DownloadScalar<float>(loss)));
            var rows = new float[6];
            backend.Download<float>(gradient, rows);
            Assert.All(rows[..3], value => Assert.True(float.IsNaN(value)));
            Assert.All(rows[3..], value => Assert.True(float.IsFinite(value)));
        }

        device.ExpectClean();
    }
}
