using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Parity;

/// <summary>The fused residual norm on CUDA does what the two operations do, to the bit.</summary>
public sealed class ResidualLayerNormTests
{
    // In registers, beyond what a warp keeps there, and not a multiple of a wide access.
    [SoftwareCudaTheory]
    [InlineData(DType.Float32, 5, 128)]
    [InlineData(DType.Float32, 3, 2048)]
    [InlineData(DType.BFloat16, 5, 128)]
    [InlineData(DType.BFloat16, 3, 2048)]
    [InlineData(DType.BFloat16, 3, 33)]
    public void Has_the_bits_of_the_sum_and_the_norm(DType type, int rows, int columns)
    {
        using var device = new SoftwareDevice();
        using (var backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions()))
        {
            using var memory = backend.Allocate(1 << 20, "test");
            long offset = 0;
            TensorView x = Drawn(rows, columns), branch = Drawn(rows, columns), dy = Drawn(rows, columns), dsum = Drawn(rows, columns);
            TensorView gamma = Floats(columns), beta = Floats(columns), mean = Floats(rows), deviation = Floats(rows);
            TensorView sum = Drawn(rows, columns), y = Drawn(rows, columns), expectedSum = Drawn(rows, columns), expectedY = Drawn(rows, columns);
            TensorView dx = Drawn(rows, columns);
            backend.Add(x, branch, expectedSum);
            backend.LayerNorm(expectedSum, gamma, beta, expectedY, mean, deviation, 1e-6f);
            backend.ResidualLayerNorm(x, branch, gamma, beta, sum, y, mean, deviation, 1e-6f);
            Assert.Equal(Bits(expectedSum), Bits(sum));
            Assert.Equal(Bits(expectedY), Bits(y));
            backend.ResidualLayerNormInputGradient(dy, dsum, sum, gamma, mean, deviation, dx);
            backend.LayerNormInputGradient(dy, sum, gamma, mean, deviation, dsum, accumulate: true);
            Assert.Equal(Bits(dsum), Bits(dx));

            TensorView Floats(int count) => Draw(new Shape(count), DType.Float32);
            TensorView Drawn(int high, int wide) => Draw(new Shape(high, wide), type);
            TensorView Draw(Shape shape, DType storage)
            {
                var values = new float[shape.Count];
                new PhiloxStream((ulong)offset + 1, RandomPurpose.Initialization, 0, 0).FillNormals(values);
                TensorView floats = Take(memory, shape, DType.Float32, ref offset), view = floats;
                backend.Upload<float>(values, floats);
                if (storage != DType.Float32)
                    backend.Cast(floats, view = Take(memory, shape, storage, ref offset), accumulate: false);
                return view;
            }

            byte[] Bits(TensorView view)
            {
                var bytes = new byte[view.Shape.Count * view.Type.Size()];
                backend.Download(view, bytes);
                return bytes;
            }
        }

        device.ExpectClean();
    }

    private static TensorView Take(DeviceBuffer memory, Shape shape, DType type, ref long offset)
    {
        var view = memory.View(offset, shape, type);
        offset += (shape.Count * type.Size() + 255) / 256 * 256;
        return view;
    }
}
