using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Snow, frost and fog on batches of 8-bit images [images, height, width, channels], x to y.</summary>
internal sealed partial class CudaBackend
{
    /// <summary>
    /// Flakes from thresholded noise, enlarged and blown, added twice to whitened images. Positions as for <see cref="ZoomBlur"/> with one
    /// factor, steps and weights as for <see cref="MotionBlur"/>.
    /// </summary>
    internal void Snow(
        TensorView x, TensorView y, in CorruptionDraw draw, in SnowFall fall, TensorView wholes, TensorView fractions, TensorView steps, TensorView weights)
    {
        int pixels = Pixels(x), channels = x.Shape[3], taps = weights.Shape.Columns;
        var settled = fall;
        InTurns(x, y, draw, pixels * (sizeof(float) + 2L), turn =>
        {
            long elements = (long)turn.Count * pixels;
            nint noise = turn.Scratch, flakes = noise + (nint)(elements * sizeof(float)), blown = flakes + (nint)elements;
            var flat = new Shape(turn.Count, x.Shape[1], x.Shape[2], 1);
            Launch(
                "corruption_snow_noise_f32", FlatGeometry.ForSamples(turn.Count, pixels, DrawElements), new(4 * elements, 40 * elements), noise,
                turn.Draw.SampleIds, turn.Count, pixels, turn.Draw.Seed, turn.Draw.Purpose, turn.Draw.Epoch, settled.Mean, settled.Deviation);
            Launch(
                "corruption_snow_flakes_u8", FlatGeometry.For(elements, DType.Float32), new(5 * elements, 10 * elements), noise, flakes, wholes,
                fractions, turn.Count, x.Shape[1], x.Shape[2], BitConverter.DoubleToInt64Bits(settled.Threshold));
            var own = new TensorView(steps.Pointer + turn.First * 2 * taps * sizeof(int), DType.Int32, new Shape(turn.Count, taps, 2));
            MotionBlur(new(flakes, DType.UInt8, flat), new(blown, DType.UInt8, flat), own, weights);
            Launch(
                "corruption_snow_whiten_u8", PixelGeometry(turn.X), new(2 * Bytes(turn.X), 20 * elements), turn.X, turn.Y, blown, turn.Count,
                (long)pixels, channels, settled.Keep, settled.Whiten);
        });
    }

    /// <summary>a x + b frost; cuts [images, 4] of 64 bits: address of the picture, its width, top, left.</summary>
    internal void Frost(TensorView x, TensorView y, TensorView cuts, double imageWeight, double frostWeight) => Launch(
        "corruption_frost_u8", ElementGeometry(x), new(3 * Bytes(x), 3 * x.Shape.Count), x, y, cuts, x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3],
        BitConverter.DoubleToInt64Bits(imageWeight), BitConverter.DoubleToInt64Bits(frostWeight));

    /// <summary>
    /// Fog of a plasma whose side is a power of two that holds the images; an octave's amplitude falls by <paramref name="decay"/>, and the
    /// noise has its square.
    /// </summary>
    internal void Fog(TensorView x, TensorView y, in CorruptionDraw draw, int size, double strength, double decay)
    {
        long points = (long)size * size;
        // Three floats a range, which lie before the maps.
        const int rangeBytes = 16;
        InTurns(x, y, draw, points * sizeof(float) + rangeBytes, turn =>
        {
            nint ranges = turn.Scratch, maps = ranges + turn.Count * rangeBytes;
            driver.SetBytes(maps, 0, turn.Count * points * sizeof(float), stream);
            Plasma(maps, turn, size, decay);
            Launch(
                "corruption_fog_range_f32", new LaunchGeometry((uint)turn.Count, 1, 1, FlatGeometry.Threads),
                new(turn.Count * points * sizeof(float) + Bytes(turn.X), 2 * turn.Count * points), maps, turn.X, ranges, points, (long)ImageLength(x),
                BitConverter.DoubleToInt64Bits(strength));
            Launch(
                "corruption_fog_u8", ElementGeometry(turn.X), new(6 * Bytes(turn.X), 5 * turn.X.Shape.Count), turn.X, turn.Y, maps, ranges, turn.Count,
                x.Shape[1], x.Shape[2], x.Shape[3], size, (float)(strength * 255));
        });
    }

    private void Plasma(nint maps, Turn turn, int size, double decay)
    {
        uint block = 0;
        double amplitude = 100;
        for (int side = 1; side < size; side *= 2, amplitude /= decay)
        {
            for (int phase = 0; phase < 3; phase++, block += Blocks((long)side * side))
            {
                long elements = (long)turn.Count * side * side;
                Launch(
                    "corruption_plasma_f32", FlatGeometry.ForSamples(turn.Count, (long)side * side, DrawElements), new(20 * elements, 30 * elements),
                    maps, turn.Draw.SampleIds, turn.Count, size, side, turn.Draw.Seed, turn.Draw.Purpose, turn.Draw.Epoch, block, phase,
                    (float)(amplitude * amplitude));
            }
        }
    }
}
