using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// Every case on one device, twice: once against its reference in double, and again for equal bits. The tests and the published binary's
/// <c>selftest</c> run the same list, because a machine with a GPU may have no .NET.
/// </summary>
internal static class SelfTest
{
    /// <summary>Runs all cases, float32 and, where the device stores it, bfloat16.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="storages">Types of activations that the device takes.</param>
    /// <param name="cancellation">Ends it between two cases.</param>
    public static IEnumerable<SelfTestResult> Run(IBackend backend, DType[] storages, CancellationToken cancellation) =>
        Run(CaseKind.Parity, ParityCases.All(), backend, storages, cancellation)
            .Concat(Run(CaseKind.Gradient, GradientCaseList.All(), backend, storages, cancellation));

    private static IEnumerable<SelfTestResult> Run(
        CaseKind kind, IEnumerable<OperationCase> cases, IBackend backend, DType[] storages, CancellationToken cancellation)
    {
        foreach (var operationCase in cases)
        {
            foreach (var storage in storages)
            {
                if (storage != DType.Float32 && !operationCase.HasStorage)
                    continue;
                cancellation.ThrowIfCancellationRequested();
                var first = CaseRunner.Run(operationCase, backend, storage);
                var second = CaseRunner.Run(operationCase, backend, storage);
                yield return new SelfTestResult(kind, operationCase.Operation, operationCase.Name, storage, first, first.Bits == second.Bits);
            }
        }
    }
}
