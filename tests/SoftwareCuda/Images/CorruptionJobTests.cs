using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Data.Images;
using Robustify.SoftwareCuda.Tests.Device;
using Xunit.Abstractions;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>The verb corrupt with <c>--device cuda</c>.</summary>
public sealed class CorruptionJobTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("robustify-device-set-");

    public void Dispose() => folder.Delete(recursive: true);

    [SoftwareCudaFact]
    public void Files_are_the_CPUs_byte_for_byte_whatever_sizes_and_channels_are_mixed()
    {
        string input = folder.CreateSubdirectory("in").FullName;
        (int Width, int Height, int Channels)[] sizes = [(40, 33, 3), (28, 28, 1), (70, 41, 3), (12, 9, 3)];
        for (int i = 0; i < sizes.Length; i++)
            ImageFile.Write(Path.Combine(input, $"{i}.png"), DeviceImages.Draw(1, sizes[i].Width, sizes[i].Height, sizes[i].Channels)[0], ImageEncoding.Png);
        var expected = Corrupt(input, DeviceChoice.Cpu, out byte[] expectedSheet);
        using var device = new SoftwareDevice();
        var written = Corrupt(input, DeviceChoice.Cuda, out byte[] sheet);
        Assert.Equal(expected.Keys, written.Keys);
        Assert.Equal(CorruptionCatalog.All.Count * 2 * sizes.Length + 1, written.Count);
        foreach (var (path, bytes) in expected)
            Assert.True(bytes.AsSpan().SequenceEqual(written[path]), $"{path} differs");
        Assert.Equal(expectedSheet, sheet);
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    private SortedDictionary<string, byte[]> Corrupt(string input, DeviceChoice choice, out byte[] sheet)
    {
        using var opened = OpenedDevice.Open(choice, workers: 2, output.WriteLine);
        string to = Path.Combine(folder.FullName, choice.ToString());
        CorruptionJob.Run(new CorruptionJobOptions
        {
            Input = input, Output = to, Corruptions = CorruptionCatalog.All, Severities = [2, 5], Seed = 11, Workers = 3, Backend = opened.Backend,
        });
        var picture = new Image8(1, 1, 1);
        ImageFile.Read(Path.Combine(input, "1.png"), picture, ImageFile.ChannelsAsStored);
        sheet = ContactSheet.Draw(picture, [CorruptionCatalog.Find("snow")], seed: 2, opened.Backend).Pixels.ToArray();
        return new(Directory.EnumerateFiles(to, "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(to, path), File.ReadAllBytes));
    }
}
