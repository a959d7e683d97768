using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>Runs parity cases on a device.</summary>
internal static class CaseRunner
{
    // bfloat16 keeps eight significant bits: rounding is off by up to half of the last, relative to the value and so to the largest.
    private const double BFloat16Rounding = 1.0 / 256;

    // Operands begin at multiples of this, and a shifted one has room behind.
    private const long Alignment = 256;

    /// <summary>Draws the operands, runs the case once, and compares.</summary>
    public static CaseOutcome Run(OperationCase operationCase, IBackend backend, DType storage)
    {
        operationCase.Prepare(storage);
        using var memory = backend.Allocate(operationCase.Operands.Sum(Room), operationCase.Name);
        long offset = 0;
        foreach (var operand in operationCase.Operands)
        {
            operand.View = memory.View(offset + operand.Shift * operand.Type.Size(), operand.Shape, operand.Type);
            backend.Upload(operand.Encode(), operand.View);
            offset += Room(operand);
        }

        operationCase.Run(backend);
        return Compare(operationCase, backend);
    }

    private static long Room(Operand operand) => (operand.Bytes + Alignment - 1) / Alignment * Alignment + Alignment;

    private static CaseOutcome Compare(OperationCase operationCase, IBackend backend)
    {
        double worstError = 0;
        string worst = "";
        ulong bits = 14695981039346656037; // FNV-1a
        foreach (var operand in operationCase.Operands)
        {
            var bytes = new byte[operand.Bytes];
            backend.Download(operand.View, bytes);
            foreach (byte value in bytes)
                bits = (bits ^ value) * 1099511628211;
            bool exact = operand.Role == OperandRole.Input || operand.Type is DType.Int32 or DType.UInt8;
            double allowed = exact ? 0 : operationCase.Tolerance + (operand.Type == DType.BFloat16 ? BFloat16Rounding : 0);
            double error = NormalizedError(operand.Decode(bytes), operand.Expected);
            double relative = error == 0 ? 0 : error / allowed;
            if (!(relative <= worstError))
                (worstError, worst) = (relative, $"{operand.Name}: error {error:E2}, {allowed:E2} allowed");
        }

        return new CaseOutcome(worstError, worst, bits);
    }

    /// <summary>The largest difference over the largest magnitude expected; infinite where only one of two is NaN.</summary>
    private static double NormalizedError(double[] actual, double[] expected)
    {
        double difference = 0, magnitude = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            if (actual[i].Equals(expected[i]))
            {
                magnitude = double.IsFinite(expected[i]) ? Math.Max(magnitude, Math.Abs(expected[i])) : magnitude;
                continue;
            }

            if (!double.IsFinite(actual[i]) || !double.IsFinite(expected[i]))
                return double.PositiveInfinity;
            difference = Math.Max(difference, Math.Abs(actual[i] - expected[i]));
            magnitude = Math.Max(magnitude, Math.Abs(expected[i]));
        }

        return difference == 0 ? 0 : difference / magnitude;
    }
}
