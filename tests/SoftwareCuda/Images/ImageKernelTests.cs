using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Images;

public sealed class ImageKernelTests
{
    [SoftwareCudaTheory]
    [InlineData(3, false)]
    [InlineData(1, false)]
    [InlineData(3, true)]
    public void Pixels_are_normalised_to_the_hosts_bits(int channels, bool check)
    {
        var images = DeviceImages.Draw(2, 33, 29, channels);
        var normalization = channels == 3 ? Normalization.ImageNet : Normalization.FashionMnist;
        using var device = new DeviceImages(new SoftwareDeviceOptions { Check = check });
        TensorView x = device.Upload(images), y = device.New(DType.Float32, x.Shape);
        float[] scales = [.. normalization.Std.Select(std => (float)(1 / (255 * std)))];
        float[] shifts = [.. normalization.Mean.Zip(normalization.Std, (mean, std) => (float)(-mean / std))];
        device.Backend.NormalizePixels(x, y, scales, shifts);
        var actual = new float[x.Shape.Count];
        device.Backend.Download(y, System.Runtime.InteropServices.MemoryMarshal.AsBytes(actual.AsSpan()));
        Assert.Equal(images.SelectMany(image => OnHost(image, normalization)), actual);
    }

    [SoftwareCudaTheory]
    [InlineData(ResampleFilter.Bilinear, 50, 41, 20, 24, false)]
    [InlineData(ResampleFilter.Bicubic, 20, 24, 50, 41, false)]
    [InlineData(ResampleFilter.Lanczos, 50, 41, 7, 90, true)]
    [InlineData(ResampleFilter.Box, 32, 32, 27, 27, true)]
    public void Images_are_resized_as_Pillow_does_it_byte_for_byte(ResampleFilter filter, int width, int height, int toWidth, int toHeight, bool check)
    {
        var images = DeviceImages.Draw(2, width, height, 3);
        using var device = new DeviceImages(new SoftwareDeviceOptions { Check = check });
        TensorView x = device.Upload(images), between = device.New(DType.UInt8, new Shape(2, height, toWidth, 3));
        var y = device.New(DType.UInt8, new Shape(2, toHeight, toWidth, 3));
        ResampleWeights across = new(width, toWidth, filter), down = new(height, toHeight, filter);
        device.Backend.ResampleRows(x, between, Table(device, across.First), Table(device, across.Count), Table(device, across.Weights), across.Stride);
        device.Backend.ResampleColumns(between, y, Table(device, down.First), Table(device, down.Count), Table(device, down.Weights), down.Stride);
        device.ExpectEqual([.. images.Select(image =>
        {
            var result = new Image8(1, 1, 1);
            new Resampler().Resize(image, result, toWidth, toHeight, filter);
            return result;
        })], y);
    }

    [SoftwareCudaTheory]
    [InlineData(3, false)]
    [InlineData(1, true)]
    public void Windows_are_cut_and_mirrored_and_black_outside(int channels, bool check)
    {
        var images = DeviceImages.Draw(3, 33, 29, channels);
        int[] windows = [-4, 3, 0, 10, -2, 1, 30, 27, 1];
        using var device = new DeviceImages(new SoftwareDeviceOptions { Check = check });
        var x = device.Upload(images);
        var y = device.New(DType.UInt8, new Shape(3, 21, 17, channels));
        device.Backend.CropAndFlip(x, Table(device, windows), y);
        device.ExpectEqual([.. images.Select((image, i) =>
        {
            var result = new Image8(1, 1, 1);
            ImageGeometry.Crop(image, windows[3 * i], windows[3 * i + 1], 17, 21, result);
            if (windows[3 * i + 2] != 0)
                ImageGeometry.FlipHorizontally(result);
            return result;
        })], y);
    }

    private static TensorView Table(DeviceImages device, int[] values) => device.Upload<int>(values, DType.Int32, new Shape(values.Length));

    private static float[] OnHost(Image8 image, Normalization normalization)
    {
        var values = new float[image.Pixels.Length];
        normalization.Apply(image, values);
        return values;
    }
}
