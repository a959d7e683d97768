using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment.Device;

/// <summary>What was drawn for the noise networks of a batch, a row each: the loader's threads draw, a CUDA device does it.</summary>
internal sealed class NoiseRecord(NoiseNetworkOptions options, int channels, ulong seed, int rows)
{
    private readonly NoiseDraw[] draws = new NoiseDraw[rows];
    private readonly bool[] isChanged = new bool[rows];
    private readonly NoiseDraw[] works = new NoiseDraw[rows];

    /// <summary>Draws one row's network; rows may be drawn by several threads at once.</summary>
    /// <param name="row">Its number.</param>
    /// <param name="random">The draws of the sample and view, after those of its mixture.</param>
    public void Draw(int row, PhiloxStream random) => isChanged[row] = NoiseNetwork.Draw(options, channels, random, out draws[row]);

    /// <summary>Queues the noise of rows.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="tables">Takes the record there.</param>
    /// <param name="firstRow">Which of the rows comes first.</param>
    /// <param name="made">[rows, side, side, channels] Float32, normalised, changed in place.</param>
    public void Queue(CudaBackend backend, DeviceTables tables, int firstRow, TensorView made)
    {
        int count = 0;
        for (int row = 0; row < made.Shape[0]; row++)
        {
            if (!isChanged[firstRow + row])
                continue;
            works[count] = draws[firstRow + row];
            works[count++].Row = row;
        }

        if (count == 0)
            return;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes<NoiseDraw>(works.AsSpan(0, count));
        backend.Noise2Net(made, tables.Upload(bytes, new(bytes.Length)), count, seed);
    }
}
