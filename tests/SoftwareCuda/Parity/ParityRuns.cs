using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Parity;

/// <summary>Runs parity cases through the unchanged CUDA backend on a software device.</summary>
internal static class ParityRuns
{
    /// <summary>A line for each case that failed; the bits of every case and type are compared with those of earlier runs.</summary>
    public static List<string> Run(IEnumerable<OperationCase> cases, SoftwareDeviceOptions options, Dictionary<string, ulong> bits)
    {
        using var device = new SoftwareDevice(options);
        using var backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions { Deterministic = true });
        var failures = new List<string>();
        foreach (var entry in cases)
        {
            foreach (var storage in entry.HasStorage ? (DType[])[DType.Float32, DType.BFloat16] : [DType.Float32])
            {
                string key = $"{entry.Name} {storage}";
                var outcome = CaseRunner.Run(entry, backend, storage);
                if (!outcome.Passed)
                    failures.Add($"{key}: {outcome.Worst}");
                if (!bits.TryAdd(key, outcome.Bits) && bits[key] != outcome.Bits)
                    failures.Add($"{key}: other bits than before, with {options}");
            }
        }

        if (device.Report.Length > 0)
            failures.Add(device.Report);
        return failures;
    }
}
