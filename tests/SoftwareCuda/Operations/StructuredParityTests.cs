using Robustify.Kernels.Cuda;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Operations;

/// <summary>Linear layers, attention, convolution, pooling and tokens on the software device, unchanged kernels and bindings included.</summary>
public sealed class StructuredParityTests
{
    public static TheoryData<string, DType> Operations()
    {
        var data = new TheoryData<string, DType>();
        foreach (string operation in StructuredCaseList.All().Select(entry => entry.Operation).Distinct())
        {
            data.Add(operation, DType.Float32);
            data.Add(operation, DType.BFloat16);
        }

        return data;
    }

    [SoftwareCudaTheory]
    [MemberData(nameof(Operations))]
    public void An_operation_computes_what_plain_loops_in_double_do_and_repeats_bit_by_bit(string operation, DType storage)
    {
        using var device = new SoftwareDevice();
        using var backend = Open();
        foreach (var entry in Cases(operation))
        {
            var outcome = CaseRunner.Run(entry, backend, storage);
            Assert.True(outcome.Passed, $"{entry.Name}: {outcome.Worst}{device.Report}");
            Assert.Equal(outcome.Bits, CaseRunner.Run(entry, backend, storage).Bits);
        }

        device.ExpectClean();
    }

    [SoftwareCudaTheory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void No_order_of_threads_and_blocks_changes_a_bit(DType storage)
    {
        var expected = Bits(new SoftwareDeviceOptions(), storage);
        Assert.Equal(expected, Bits(new SoftwareDeviceOptions { Order = ThreadOrder.Reverse }, storage));
        Assert.Equal(expected, Bits(new SoftwareDeviceOptions { Order = ThreadOrder.Random, Seed = 7, LazyStreams = true }, storage));
    }

    /// <summary>Every access checked: bounds, memory never written, alignment, races in shared memory and between blocks.</summary>
    [SoftwareCudaTheory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void Checked_accesses_find_nothing(DType storage)
    {
        using var device = new SoftwareDevice(new() { Check = true });
        using var backend = Open();
        foreach (var entry in StructuredCaseList.All())
        {
            var outcome = CaseRunner.Run(entry, backend, storage);
            Assert.True(outcome.Passed && device.Report.Length == 0, $"{entry.Name}: {outcome.Worst}\n{device.Report}");
        }
    }

    private static IEnumerable<OperationCase> Cases(string operation) => StructuredCaseList.All().Where(entry => entry.Operation == operation);

    private static CudaBackend Open() => new(CudaLibraries.Load(), new CudaOptions { Deterministic = true });

    private static List<(string Name, ulong Bits)> Bits(SoftwareDeviceOptions options, DType storage)
    {
        using var device = new SoftwareDevice(options);
        using var backend = Open();
        return [.. StructuredCaseList.All().Where((_, i) => i % 2 == 0).Select(entry => (entry.Name, CaseRunner.Run(entry, backend, storage).Bits))];
    }
}
