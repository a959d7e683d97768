using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment.Device;

/// <summary>
/// Windows of a batch that were cut out of pictures which do not all lie on the device: square, of one size. Several threads add, each window
/// by its number; the memory is kept from batch to batch.
/// </summary>
internal sealed class PictureWindows(int side, int channels)
{
    private const int WindowsOfSegment = 64;

    private readonly object gate = new();
    private readonly List<byte[]> segments = [];
    private int count;

    /// <summary>Forgets all windows.</summary>
    public void Begin() => count = 0;

    /// <summary>Cuts a window out of a picture.</summary>
    /// <returns>Its number.</returns>
    public int Add(Image8 picture, int top, int left)
    {
        int number, row = side * channels, length = side * row;
        byte[] segment;
        lock (gate)
        {
            number = count++;
            if (number / WindowsOfSegment == segments.Count)
                segments.Add(new byte[WindowsOfSegment * length]);
            segment = segments[number / WindowsOfSegment];
        }

        var window = segment.AsSpan(number % WindowsOfSegment * length, length);
        for (int y = 0; y < side; y++)
            picture.Pixels.Slice(((top + y) * picture.Width + left) * channels, row).CopyTo(window[(y * row)..]);
        return number;
    }

    /// <summary>Brings them to a device.</summary>
    /// <returns>[windows, side, side, channels] UInt8; absent where there are none.</returns>
    public TensorView Upload(CudaBackend backend, DeviceTables tables)
    {
        if (count == 0)
            return default;
        int used = (count - 1) / WindowsOfSegment + 1, length = segments[0].Length;
        var all = tables.Reserve<byte>(new Shape(used * WindowsOfSegment, side, side, channels));
        for (int i = 0; i < used; i++)
        {
            int bytes = Math.Min(length, (count - i * WindowsOfSegment) * side * side * channels);
            backend.Upload(segments[i].AsSpan(0, bytes), new(all.Pointer + (nint)((long)i * length), DType.UInt8, new Shape(length)));
        }

        return all;
    }
}
