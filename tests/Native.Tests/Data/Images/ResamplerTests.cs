using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Data.Images;

public class ResamplerTests
{
    [Theory]
    [InlineData(ResampleFilter.Box)]
    [InlineData(ResampleFilter.Bilinear)]
    [InlineData(ResampleFilter.Lanczos)]
    public void GreyIsResampledAsAChannelOfColour(ResampleFilter filter)
    {
        var grey = TestImages.Gradient(61, 40, 1);
        var colour = new Image8(61, 40, 3);
        for (int i = 0; i < colour.Pixels.Length; i++)
            colour.Pixels[i] = grey.Pixels[i / 3];
        Image8 greyResult = new(1, 1, 1), colourResult = new(1, 1, 1);
        var resampler = new Resampler();
        resampler.Resize(grey, greyResult, 33, 51, filter);
        resampler.Resize(colour, colourResult, 33, 51, filter);
        for (int i = 0; i < colourResult.Pixels.Length; i++)
            Assert.Equal(greyResult.Pixels[i / 3], colourResult.Pixels[i]);
    }

    [Fact]
    public void RepeatedSizesAllocateNothing()
    {
        var source = TestImages.Gradient(300, 200, 3);
        var destination = new Image8(1, 1, 1);
        var resampler = new Resampler();
        resampler.ResizeShorterSide(source, destination, 64, ResampleFilter.Bilinear);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            resampler.ResizeShorterSide(source, destination, 64, ResampleFilter.Bilinear);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void TheLongerSideIsTruncatedAsTorchvisionDoes()
    {
        var destination = new Image8(1, 1, 1);
        new Resampler().ResizeShorterSide(new Image8(500, 333, 1), destination, 256, ResampleFilter.Box);
        Assert.Equal((384, 256), (destination.Width, destination.Height)); // 256 * 500 / 333 = 384.38
    }

    [Theory]
    [InlineData(5, 2)] // (5-2)/2 = 1.5 rounds to 2
    [InlineData(7, 2)] // 2.5 rounds to 2 as well: half to even
    public void CentreCropOffsetsRoundHalfToEven(int side, int crop)
    {
        var source = new Image8(side, 1, 1);
        for (int x = 0; x < side; x++)
            source.Pixels[x] = (byte)x;
        var destination = new Image8(1, 1, 1);
        Cropping.CenterCrop(source, destination, crop, 1);
        Assert.Equal(2, destination.Pixels[0]);
    }

    [Fact]
    public void CropsLeavingTheImageAreRefused()
    {
        var source = new Image8(10, 10, 3);
        var destination = new Image8(1, 1, 1);
        Assert.Throws<RobustifyException>(() => Cropping.CenterCrop(source, destination, 11, 5));
        Assert.Throws<RobustifyException>(() => Cropping.Crop(source, destination, int.MaxValue, 0, 2, 2));
        Assert.Throws<RobustifyException>(() => Cropping.Crop(source, destination, 0, -1, 2, 2));
    }

    [Fact]
    public void ImpossibleTargetsAreRefused()
    {
        var source = new Image8(10000, 1, 1);
        var destination = new Image8(1, 1, 1);
        Assert.Throws<RobustifyException>(() => new Resampler().ResizeShorterSide(source, destination, 256, ResampleFilter.Box));
        Assert.Throws<RobustifyException>(() => new Resampler().Resize(source, destination, 0, 5, ResampleFilter.Box));
        Assert.Throws<RobustifyException>(() => new Resampler().Resize(source, source, 5, 5, ResampleFilter.Box));
    }
}
