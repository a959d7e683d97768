using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions.Device;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// Source positions of enlargements on a device: for each factor those of the columns, then of the rows.
/// </summary>
/// <param name="Wholes">[factors, width + height] Int32.</param>
/// <param name="Fractions">[factors, width + height] Float32.</param>
internal readonly record struct ZoomPositions(TensorView Wholes, TensorView Fractions)
{
    /// <summary>The positions for a batch's size, made once.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="factors">Enlargements; told apart by reference, so one array a severity.</param>
    public static ZoomPositions On(DeviceBatch batch, double[] factors)
    {
        int width = batch.Width, height = batch.Height, length = width + height;
        var owner = (factors, width, height);
        var made = new Lazy<(int[] Wholes, float[] Fractions)>(() =>
        {
            var (wholes, fractions) = (new int[factors.Length * length], new float[factors.Length * length]);
            for (int i = 0; i < factors.Length; i++)
            {
                ClippedZoom.Locate(width, factors[i], wholes.AsSpan(i * length, width), fractions.AsSpan(i * length, width));
                ClippedZoom.Locate(height, factors[i], wholes.AsSpan(i * length + width, height), fractions.AsSpan(i * length + width, height));
            }

            return (wholes, fractions);
        });
        var shape = new Shape(factors.Length, length);
        return new(
            batch.Tables.Keep(owner, "wholes", () => made.Value.Wholes).As(shape), batch.Tables.Keep(owner, "fractions", () => made.Value.Fractions).As(shape));
    }
}
