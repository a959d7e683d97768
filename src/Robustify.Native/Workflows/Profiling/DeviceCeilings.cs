using System.Diagnostics;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>What the device reaches at best, measured here and now: the rates of kernels are told against these.</summary>
/// <param name="GigabytesPerSecond">Copying device memory, bytes read and written.</param>
/// <param name="TeraflopsPerSecond">A square product in the precision of the profile.</param>
internal readonly record struct DeviceCeilings(double GigabytesPerSecond, double TeraflopsPerSecond)
{
    private const int Runs = 10;

    /// <summary>Measures both.</summary>
    /// <param name="target">The device and the precision of the product.</param>
    /// <param name="side">Rows and columns of the matrices; the copy moves as many floats as one has elements.</param>
    public static DeviceCeilings Measure(ComputeTarget target, int side)
    {
        var backend = target.Backend!;
        var shape = new Shape(side, side);
        var type = target.Precision == Precision.Bf16 ? DType.BFloat16 : DType.Float32;
        long bytes = shape.Count * sizeof(float);
        using var from = backend.Allocate(bytes, "ceilings");
        using var to = backend.Allocate(bytes, "ceilings");
        using var product = backend.Allocate(bytes, "ceilings");
        TensorView x = from.View(0, shape), y = to.View(0, shape);
        RandomContent.Fill(backend, x);
        double copy = Least(backend, () => backend.Copy(x, y, accumulate: false));
        TensorView left = y, right = x;
        if (type == DType.BFloat16)
        {
            left = to.View(0, shape, type);
            backend.Cast(x, left, accumulate: false);
            right = left;
        }

        var result = product.View(0, shape, type);
        double multiply = Least(backend, () => backend.Linear(left, right, default, result, Activation.None, default));
        return new DeviceCeilings(2.0 * bytes / copy / 1e9, 2.0 * side * side * side / multiply / 1e12);
    }

    /// <summary>Seconds of the fastest run: a ceiling is what was reached once.</summary>
    private static double Least(IBackend backend, Action work)
    {
        double least = double.MaxValue;
        for (int run = 0; run <= Runs; run++)
        {
            backend.Synchronize();
            long start = Stopwatch.GetTimestamp();
            work();
            backend.Synchronize();
            if (run > 0)
                least = Math.Min(least, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return least;
    }
}
