using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>A device with a backend, and images and tables in its memory until the end of a test.</summary>
internal sealed class DeviceImages : IDisposable
{
    private readonly SoftwareDevice device;
    private readonly List<DeviceBuffer> buffers = [];

    public DeviceImages(SoftwareDeviceOptions options)
    {
        device = new SoftwareDevice(options);
        Backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions());
    }

    public CudaBackend Backend { get; }

    /// <summary>Pictures with flat parts, gradients, and noise, so that every level and every hue occurs.</summary>
    public static Image8[] Draw(int count, int width, int height, int channels) => [.. Enumerable.Range(0, count).Select(number =>
    {
        var image = new Image8(width, height, channels);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int x = i / channels % width, y = i / channels / width;
            uint word = Philox.Block(77, (uint)number, (uint)i, 0, 0).X;
            image.Pixels[i] = (byte)(y < height / 3 ? 255 * x / width : y < 2 * height / 3 ? (int)(word >> 24) : 40 * (i % channels) + x / 8 * 16);
        }

        return image;
    })];

    public TensorView Upload<T>(ReadOnlySpan<T> values, DType type, Shape shape)
        where T : unmanaged
    {
        var view = New(type, shape);
        Backend.Upload(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values), view);
        return view;
    }

    public TensorView Upload(Image8[] images)
    {
        byte[] pixels = [.. images.SelectMany(image => image.Pixels.ToArray())];
        return Upload<byte>(pixels, DType.UInt8, new Shape(images.Length, images[0].Height, images[0].Width, images[0].Channels));
    }

    public TensorView New(DType type, Shape shape)
    {
        var buffer = Backend.Allocate(shape.Count * type.Size(), "test");
        buffers.Add(buffer);
        return buffer.View(0, shape, type);
    }

    /// <summary>Fails if the device has found a fault.</summary>
    public void ExpectClean() => device.ExpectClean();

    /// <summary>Fails unless the batch holds exactly these images.</summary>
    public void ExpectEqual(IReadOnlyList<Image8> expected, TensorView batch)
    {
        var pixels = new byte[batch.Shape.Count];
        Backend.Download(batch, pixels);
        Assert.Equal(expected.SelectMany(image => image.Pixels.ToArray()), pixels);
        device.ExpectClean();
    }

    public void Dispose()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
        Backend.Dispose();
        device.Dispose();
    }
}
