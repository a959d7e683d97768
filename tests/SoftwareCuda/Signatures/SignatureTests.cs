using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Kernels;
using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests.Signatures;

/// <summary>An argument that drifted between a kernel and its launch fails here, with or without a device.</summary>
public sealed class SignatureTests
{
    private const string Sample = """
        #define PAIR(NAME, T) \
            extern "C" __global__ void __launch_bounds__(Threads<T>(2)) NAME##_##T(const T* x, T* y, i64 count, float scale) \
            { run<T>(x, y); }
        PAIR(sample_run, float)
        PAIR(sample_run, bf16)
        extern "C" __global__ void sample_plain(u32 seed, int n) { }
        """;

    private static readonly Dictionary<string, string> Right = new()
    {
        ["sample_run_float"] = "pplf", ["sample_run_bf16"] = "pplf", ["sample_plain"] = "ii",
    };

    [Fact]
    public void Kernels_made_by_a_macro_are_read_with_their_parameters() =>
        Assert.Equal(Right.OrderBy(kernel => kernel.Key, StringComparer.Ordinal), SourceSignatures.Read(Sample));

    [Theory]
    [InlineData("sample_run_float", "ppl")]      // too few
    [InlineData("sample_run_float", "ppiff")]    // too many
    [InlineData("sample_run_bf16", "ppif")]      // of another size
    [InlineData("sample_run_bf16", "pplp")]      // of another kind
    [InlineData("sample_run_float", "ppfl")]     // in another order
    public void A_wrong_number_size_or_order_of_arguments_is_found(string kernel, string letters)
    {
        string difference = Assert.Single(SourceSignatures.Differences(SourceSignatures.Read(Sample), new Dictionary<string, string>(Right) { [kernel] = letters }));
        Assert.Contains(kernel, difference, StringComparison.Ordinal);
    }

    [Fact]
    public void The_launch_table_agrees_with_every_kernel_of_the_sources()
    {
        var differences = SourceSignatures.Differences(SourceSignatures.Read(KernelSource.Read()), KernelTable.Signatures);
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [SoftwareCudaFact]
    public unsafe void The_launch_table_agrees_with_what_the_compiler_laid_out()
    {
        using var device = new SoftwareDevice();
        var driver = new TestDriver(device);
        nint module = driver.Compile(KernelSource.Read(), KernelSource.Index);
        var name = (delegate* unmanaged<nint, uint, byte*>)driver.Entry("swcuda_kernel_name");
        var parameter = (delegate* unmanaged<nint, nuint, nuint*, nuint*, int>)driver.Entry("cuFuncGetParamInfo");
        var compiled = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (uint k = 0; name(module, k) is var text && text != null; k++)
        {
            string kernel = Marshal.PtrToStringUTF8((nint)text)!;
            nint function = driver.Function(module, kernel);
            string sizes = "";
            nuint offset, bytes;
            for (nuint i = 0; parameter(function, i, &offset, &bytes) == 0; i++)
                sizes += $"{bytes}";
            compiled.Add(kernel, sizes);
        }

        Assert.Equal(KernelTable.Signatures.OrderBy(kernel => kernel.Key, StringComparer.Ordinal)
            .Select(kernel => $"{kernel.Key} {string.Concat(kernel.Value.Select(letter => letter is 'p' or 'l' ? '8' : '4'))}"), compiled.Select(kernel => $"{kernel.Key} {kernel.Value}"));
    }
}
