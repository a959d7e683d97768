using Robustify.Kernels;
using Robustify.Kernels.Random;

namespace Robustify.Native.Data.Transforms;

/// <summary>A rectangle of an image, in pixels.</summary>
public readonly record struct CropBox(int Left, int Top, int Width, int Height);

/// <summary>torchvision's RandomResizedCrop: which window of the image is resized to the model's input.</summary>
public sealed record ResizedCrop
{
    private const int Tries = 10;

    /// <summary>Smallest area of the window, as a part of the image's.</summary>
    public double MinScale { get; init; } = 0.08;

    /// <summary>Largest area of the window, as a part of the image's.</summary>
    public double MaxScale { get; init; } = 1;

    /// <summary>Smallest width / height.</summary>
    public double MinRatio { get; init; } = 3.0 / 4;

    /// <summary>Largest width / height.</summary>
    public double MaxRatio { get; init; } = 4.0 / 3;

    /// <summary>Refuses values outside their range.</summary>
    public void Validate()
    {
        if (!(MinScale > 0 && MinScale <= MaxScale && MaxScale <= 1))
            throw new RobustifyException($"resized crop: scale {MinScale}..{MaxScale}; use 0 < low <= high <= 1");
        if (!(MinRatio > 0 && MinRatio <= MaxRatio && MaxRatio <= 1000))
            throw new RobustifyException($"resized crop: ratio {MinRatio}..{MaxRatio}; use 0 < low <= high <= 1000");
    }

    /// <summary>
    /// Draws a window: area uniform, ratio log-uniform, place uniform; up to ten tries until it fits, then the largest centred window
    /// whose ratio is within the range.
    /// </summary>
    public CropBox Draw(int width, int height, IRandomStream random)
    {
        double area = (double)width * height, logLow = Math.Log(MinRatio), logHigh = Math.Log(MaxRatio);
        for (int i = 0; i < Tries; i++)
        {
            double targetArea = area * (MinScale + (MaxScale - MinScale) * random.NextUniform());
            double ratio = Math.Exp(logLow + (logHigh - logLow) * random.NextUniform());
            int boxWidth = (int)Math.Round(Math.Sqrt(targetArea * ratio)), boxHeight = (int)Math.Round(Math.Sqrt(targetArea / ratio));
            if (boxWidth < 1 || boxWidth > width || boxHeight < 1 || boxHeight > height)
                continue;
            int top = random.NextInteger(0, height - boxHeight + 1), left = random.NextInteger(0, width - boxWidth + 1);
            return new CropBox(left, top, boxWidth, boxHeight);
        }

        double imageRatio = (double)width / height;
        int fallbackWidth = imageRatio > MaxRatio ? Math.Clamp((int)Math.Round(height * MaxRatio), 1, width) : width;
        int fallbackHeight = imageRatio < MinRatio ? Math.Clamp((int)Math.Round(width / MinRatio), 1, height) : height;
        return new CropBox((width - fallbackWidth) / 2, (height - fallbackHeight) / 2, fallbackWidth, fallbackHeight);
    }
}
