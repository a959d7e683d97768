using System.Runtime.InteropServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Device;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.SoftwareCuda.Tests.Mutation;

/// <summary>A small run of some kernels, the same for every mutant.</summary>
/// <param name="Name">What runs.</param>
/// <param name="Group">Runs of one group reach much the same kernels.</param>
/// <param name="Outcome">Runs it: whether the result is right as far as the run knows, and a hash of its bits.</param>
internal sealed record MutantRun(string Name, string Group, Func<CudaBackend, (bool Right, ulong Bits)> Outcome)
{
    /// <summary>All parity cases in both storages, and the image kernels that have barriers.</summary>
    public static IEnumerable<MutantRun> All()
    {
        foreach (var entry in ParityCases.All())
        {
            foreach (var storage in entry.HasStorage ? (DType[])[DType.Float32, DType.BFloat16] : [DType.Float32])
            {
                yield return new($"{entry.Name} {storage}", $"{entry.Operation} {storage}", backend =>
                {
                    var outcome = CaseRunner.Run(entry, backend, storage);
                    return (outcome.Passed, outcome.Bits);
                });
            }
        }

        foreach (string name in (string[])["contrast", "fog", "spatter"])
            yield return new(name, name, backend => (true, Images(backend, CorruptionCatalog.Find(name))));
        yield return new("noise", "noise", backend => (true, Noise(backend)));
    }

    /// <summary>Two rows of 13 x 11 pixels, each with a network of its own.</summary>
    private static ulong Noise(CudaBackend backend)
    {
        const int width = 13, height = 11, channels = 3;
        var record = new NoiseRecord(new NoiseNetworkOptions { Share = 1 }, channels, seed: 1, rows: 2);
        for (int row = 0; row < 2; row++)
            record.Draw(row, new PhiloxStream(1, RandomPurpose.AugMix, 0, (uint)row));
        float[] values = [.. Enumerable.Range(0, 2 * height * width * channels).Select(i => i * 97 % 256 / 128f - 1)];
        using var tables = new DeviceTables(backend);
        using var memory = backend.Allocate(sizeof(float) * values.Length, "rows");
        var rows = memory.View(0, new Shape(2, height, width, channels));
        backend.Upload<float>(values, rows);
        record.Queue(backend, tables, 0, rows);
        backend.Download(rows, values.AsSpan());
        return Hash(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    /// <summary>Two images of 33 x 29 pixels, no multiple of a block or a warp; their correctness is tested with the image kernels.</summary>
    private static ulong Images(CudaBackend backend, Corruption corruption)
    {
        var shape = new Shape(2, 33, 29, 3);
        var pixels = new byte[2 * 33 * 29 * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i * 97 + i / 7 * 31);
        const int room = 8192;
        using var corruptor = new DeviceCorruptor(backend);
        using var memory = backend.Allocate(2 * room, "images");
        TensorView x = memory.View(0, shape, DType.UInt8), y = memory.View(room, shape, DType.UInt8);
        backend.Upload(pixels, x);
        corruptor.Queue(corruption, severity: 2, seed: 1, new uint[] { 0, 1 }, x, y);
        backend.Download(y, pixels);
        return Hash(pixels);
    }

    private static ulong Hash(ReadOnlySpan<byte> values)
    {
        ulong bits = 14695981039346656037; // FNV-1a
        foreach (byte value in values)
            bits = (bits ^ value) * 1099511628211;
        return bits;
    }
}
