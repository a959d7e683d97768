using System.Buffers.Binary;
using Robustify.Native.Data.Images;

namespace Robustify.Cli.Tests;

/// <summary>
/// A data set of a few images in the form of Fashion-MNIST, and a model trained on it for a moment: enough to run every verb in a second.
/// </summary>
internal static class TinyData
{
    public const int TrainImages = 96;
    public const int TestImages = 40;

    private const int Side = 28;
    private const int Classes = 10;

    private static readonly TemporaryFolder Folder = Create();
    private static readonly Lazy<string> TrainedModel = new(Train);

    /// <summary>The data directory.</summary>
    public static string Directory => Folder.PathOf("fashion");

    /// <summary>A run directory of <c>pretrain</c> with a resnet_fashion.</summary>
    public static string Model => TrainedModel.Value;

    /// <summary>A grey picture that differs from number to number.</summary>
    public static Image8 Picture(int number)
    {
        var image = new Image8(Side, Side, 1);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = Pixel(number, i);
        return image;
    }

    /// <summary>Writes the picture of that number as PNG.</summary>
    public static string WritePng(string path, int number)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        ImageFile.Write(path, Picture(number), ImageEncoding.Png, 85);
        return path;
    }

    /// <summary>An IDX file of images.</summary>
    public static byte[] IdxImages(int count, int claimed)
    {
        byte[] bytes = new byte[16 + count * Side * Side];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 0x803);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), claimed);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), Side);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), Side);
        for (int i = 16; i < bytes.Length; i++)
            bytes[i] = Pixel((i - 16) / (Side * Side), (i - 16) % (Side * Side));
        return bytes;
    }

    /// <summary>An IDX file of labels 0, 1 ... 9, 0 ...</summary>
    public static byte[] IdxLabels(int count)
    {
        byte[] bytes = new byte[8 + count];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 0x801);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), count);
        for (int i = 0; i < count; i++)
            bytes[8 + i] = (byte)(i % Classes);
        return bytes;
    }

    // A bright bar whose place is the class, on a background that tells the images of a class apart.
    private static byte Pixel(int number, int i) =>
        (byte)(i / Side / 3 == number % Classes ? 200 + number % 50 : i * (number + 7) % 61);

    private static TemporaryFolder Create()
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        folder.Write("fashion/train-images-idx3-ubyte", IdxImages(TrainImages, TrainImages));
        folder.Write("fashion/train-labels-idx1-ubyte", IdxLabels(TrainImages));
        folder.Write("fashion/t10k-images-idx3-ubyte", IdxImages(TestImages, TestImages));
        folder.Write("fashion/t10k-labels-idx1-ubyte", IdxLabels(TestImages));
        return folder;
    }

    private static string Train()
    {
        string run = Folder.PathOf("model");
        Call.Succeeding("pretrain", "--model", "resnet_fashion", "--data", Directory, "--epochs", "3", "--batch", "16", "--rate", "0.005", "--out", run);
        return run;
    }
}
