using System.Numerics;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>The figures of the reference statistics for one corrupted image; definitions in the files' <c>meta</c>.</summary>
public sealed class ImageStatistics
{
    public const int Bands = 8;

    public ImageStatistics(Image8 clean, Image8 corrupted)
    {
        int channels = clean.Channels, pixels = clean.Width * clean.Height;
        ReadOnlySpan<byte> before = clean.Pixels, after = corrupted.Pixels;
        double squared = 0, absolute = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            double sum = 0, sumOfSquares = 0;
            for (int i = channel; i < pixels * channels; i += channels)
            {
                double value = after[i], difference = value - before[i];
                (sum, sumOfSquares) = (sum + value, sumOfSquares + value * value);
                (absolute, squared) = (absolute + Math.Abs(difference), squared + difference * difference);
            }

            ChannelMean[channel] = sum / pixels;
            ChannelStd[channel] = Math.Sqrt(sumOfSquares / pixels - sum / pixels * (sum / pixels));
        }

        MeanAbsoluteDifference = absolute / (pixels * channels);
        Psnr = 10 * Math.Log10(255.0 * 255.0 * pixels * channels / squared);
    }

    public double[] ChannelMean { get; } = new double[3];

    public double[] ChannelStd { get; } = new double[3];

    public double MeanAbsoluteDifference { get; }

    public double Psnr { get; }

    /// <summary>
    /// Power of the difference in eight radial frequency bands, mean over channels. A plain Fourier sum along rows and columns: fine for
    /// small images, slow for large ones.
    /// </summary>
    public static double[] BandPower(Image8 clean, Image8 corrupted)
    {
        int width = clean.Width, height = clean.Height;
        var power = new double[Bands];
        var bins = new int[Bands];
        for (int channel = 0; channel < clean.Channels; channel++)
        {
            var field = new Complex[height, width];
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    int at = (y * width + x) * clean.Channels + channel;
                    field[y, x] = (corrupted.Pixels[at] - clean.Pixels[at]) / 255.0;
                }
            }

            field = Transform(Transform(field));
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    if (x == 0 && y == 0)
                        continue;
                    double radius = double.Hypot(Frequency(x, width), Frequency(y, height));
                    int band = Math.Min((int)(radius / 0.0625), Bands - 1);
                    power[band] += field[y, x].Magnitude * field[y, x].Magnitude / (width * height);
                    bins[band]++;
                }
            }
        }

        return power.Select((p, band) => p / bins[band]).ToArray();
    }

    private static double Frequency(int bin, int size) => (double)(bin <= size / 2 ? bin : bin - size) / size;

    // The discrete Fourier transform along the rows, transposed; twice is the transform of the plane.
    private static Complex[,] Transform(Complex[,] from)
    {
        int height = from.GetLength(0), width = from.GetLength(1);
        var roots = Enumerable.Range(0, width).Select(k => Complex.FromPolarCoordinates(1, -2 * Math.PI * k / width)).ToArray();
        var to = new Complex[width, height];
        for (int y = 0; y < height; y++)
        {
            for (int k = 0; k < width; k++)
            {
                Complex sum = 0;
                for (int x = 0; x < width; x++)
                    sum += from[y, x] * roots[k * x % width];
                to[k, y] = sum;
            }
        }

        return to;
    }
}
