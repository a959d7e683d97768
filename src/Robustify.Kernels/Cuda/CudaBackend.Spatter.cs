using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Spatter on batches of 8-bit images [images, height, width, channels], x to y.</summary>
internal sealed partial class CudaBackend
{
    /// <summary>
    /// Mud that covers the images: smoothed noise of that mean and deviation, above the threshold smoothed again. Weights [radius + 1] Float64,
    /// colours in 0..1.
    /// </summary>
    internal void SpatterMud(
        TensorView x, TensorView y, in CorruptionDraw draw, in SpatterSplash splash, TensorView smoothing, TensorView mudSmoothing, ReadOnlySpan<float> colour)
    {
        int pixels = Pixels(x), height = x.Shape[1], width = x.Shape[2], channels = x.Shape[3];
        float first = colour[0], second = colour[Math.Min(1, channels - 1)], third = colour[channels - 1];
        var settled = splash;
        InTurns(x, y, draw, pixels * 2L * sizeof(double), turn =>
        {
            long elements = (long)turn.Count * pixels;
            nint liquid = turn.Scratch, columns = liquid + (nint)(elements * sizeof(double));
            Liquid(liquid, columns, turn, settled, smoothing);
            Launch(
                "corruption_spatter_threshold_f64", FlatGeometry.For(elements, DType.Float32), new(16 * elements, elements), liquid, elements,
                BitConverter.DoubleToInt64Bits(settled.Threshold));
            Gaussian(liquid, columns, turn.Count, height, width, mudSmoothing, mudSmoothing, mirrored: false);
            Launch(
                "corruption_spatter_mud_u8", PixelGeometry(turn.X), new(2 * Bytes(turn.X) + 8 * elements, 4 * turn.X.Shape.Count), turn.X, turn.Y,
                liquid, elements, channels, first, second, third);
        });
    }

    /// <summary>Water that is added where light catches on the edges of its drops. Weights as before, colours in levels.</summary>
    internal void SpatterWater(
        TensorView x, TensorView y, in CorruptionDraw draw, in SpatterSplash splash, TensorView smoothing, ReadOnlySpan<float> colour)
    {
        int pixels = Pixels(x), channels = x.Shape[3];
        float first = colour[0], second = colour[Math.Min(1, channels - 1)], third = colour[channels - 1];
        var settled = splash;
        // Two doubles of liquid, later two planes of integers and a float a pixel; two planes of bytes behind them.
        InTurns(x, y, draw, pixels * (2L * sizeof(double) + 2), turn =>
        {
            long elements = (long)turn.Count * pixels;
            nint liquid = turn.Scratch, columns = liquid + (nint)(elements * sizeof(double));
            nint levels = columns + (nint)(elements * sizeof(double)), plane = levels + (nint)elements;
            var geometry = FlatGeometry.For(elements, DType.Float32);
            Liquid(liquid, columns, turn, settled, smoothing);
            Launch(
                "corruption_spatter_levels_u8", geometry, new(9 * elements, 2 * elements), liquid, levels, elements,
                BitConverter.DoubleToInt64Bits(settled.Threshold));
            nint light = liquid, scales = columns;
            Relief(levels, plane, light, columns, turn, geometry);
            Launch(
                "corruption_spatter_scale_f32", new LaunchGeometry((uint)turn.Count, 1, 1, FlatGeometry.Threads), new(4 * elements, elements), light,
                scales, (long)pixels, settled.Strength);
            Launch(
                "corruption_spatter_water_u8", ElementGeometry(turn.X), new(2 * Bytes(turn.X) + 4 * elements, 3 * turn.X.Shape.Count), turn.X, turn.Y,
                light, scales, turn.Count, (long)pixels, channels, first, second, third);
        });
    }

    private void Liquid(nint liquid, nint columns, Turn turn, SpatterSplash splash, TensorView smoothing)
    {
        int pixels = Pixels(turn.X);
        long elements = (long)turn.Count * pixels;
        Launch(
            "corruption_spatter_liquid_f64", FlatGeometry.ForSamples(turn.Count, pixels, DrawElements), new(8 * elements, 40 * elements), liquid,
            turn.Draw.SampleIds, turn.Count, pixels, turn.Draw.Seed, turn.Draw.Purpose, turn.Draw.Epoch, BitConverter.DoubleToInt64Bits(splash.Mean),
            BitConverter.DoubleToInt64Bits(splash.Deviation));
        Gaussian(liquid, columns, turn.Count, turn.X.Shape[1], turn.X.Shape[2], smoothing, smoothing, mirrored: false);
    }

    /// <summary>How bright the drops are: edges, the distance from them, smoothed, equalised, embossed, smoothed again; times their levels.</summary>
    /// <param name="levels">Of the liquid.</param>
    /// <param name="plane">A byte a pixel of scratch.</param>
    /// <param name="light">Takes an integer a pixel; as much room again behind it.</param>
    /// <param name="integers">An integer a pixel of scratch; as much room again behind it.</param>
    /// <param name="turn">The images.</param>
    /// <param name="geometry">A thread a pixel.</param>
    private void Relief(nint levels, nint plane, nint light, nint integers, Turn turn, LaunchGeometry geometry)
    {
        int images = turn.Count, height = turn.X.Shape[1], width = turn.X.Shape[2];
        long pixels = (long)height * width, elements = images * pixels;
        nint other = integers + (nint)(elements * sizeof(int));
        var cost = new LaunchCost(5 * elements, 10 * elements);
        var imageGeometry = new LaunchGeometry((uint)images, 1, 1, FlatGeometry.Threads);
        Launch("corruption_spatter_gradients_u8", geometry, cost, levels, integers, images, height, width);
        Launch("corruption_spatter_maxima_u8", geometry, cost, integers, plane, images, height, width);
        Launch("corruption_spatter_follow_u8", imageGeometry, cost, plane, height, width);
        Launch("corruption_spatter_gaps_u8", geometry, cost, plane, other, elements, width);
        Launch("corruption_spatter_distances_i32", geometry, cost, other, integers, images, height, width);
        Launch("corruption_spatter_smooth_u8", geometry, cost, integers, plane, images, height, width);
        Launch("corruption_spatter_equalize_u8", imageGeometry, cost, plane, pixels);
        Launch("corruption_spatter_emboss_u8", geometry, cost, plane, other, images, height, width);
        Launch("corruption_spatter_light_i32", geometry, cost, levels, other, light, images, height, width);
    }
}
