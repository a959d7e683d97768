using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>One worker's means to bring pictures to size.</summary>
internal sealed class PicturePreparer(Preparation preparation)
{
    private const double InceptionCrop = 0.875;

    private readonly Resampler resampler = new();
    private readonly Image8 first = new(1, 1, 1);
    private readonly Image8 second = new(1, 1, 1);

    /// <summary>The picture at the size it is corrupted in; the picture itself where nothing is to be done.</summary>
    public Image8 Prepare(Image8 picture)
    {
        switch (preparation)
        {
            case Preparation.ImageNet224:
                resampler.ResizeShorterSide(picture, first, 256, ResampleFilter.Bilinear);
                Cropping.CenterCrop(first, second, 224, 224);
                return second;
            case Preparation.Inception299:
                Cropping.CenterCrop(picture, first, Kept(picture.Width), Kept(picture.Height));
                resampler.Resize(first, second, 299, 299, ResampleFilter.Bilinear);
                return second;
            case Preparation.Tiny64:
                resampler.Resize(picture, first, 64, 64, ResampleFilter.Bilinear);
                return first;
            case Preparation.Cifar32:
                resampler.Resize(picture, first, 32, 32, ResampleFilter.Bilinear);
                return first;
            default:
                return picture;
        }
    }

    // The same whole number of pixels is cut off on both sides.
    private static int Kept(int side) => side - 2 * (int)((side - side * InceptionCrop) / 2);
}
