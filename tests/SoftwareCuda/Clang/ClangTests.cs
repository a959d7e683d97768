using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.SoftwareCuda.Tests.Clang;

/// <summary>What g++ behind the software device lets through, a CUDA compiler does not.</summary>
public sealed class ClangTests
{
    public static TheoryData<int> Architectures => [.. Clang.Extremes];

    [ClangTheory]
    [MemberData(nameof(Architectures))]
    public void Every_kernel_compiles_to_ptx_without_a_warning(int architecture)
    {
        (string? ptx, string messages) = Clang.Compile(KernelSource.Read(), architecture);
        Assert.True(ptx is not null, messages);
        Assert.All(KernelTable.Signatures.Keys, kernel => Assert.Contains($".entry {kernel}(", ptx, StringComparison.Ordinal));
    }

    [ClangTheory]
    [InlineData("extern \"C\" __global__ int k() { return 1; }")]
    [InlineData("extern \"C\" __global__ void k(float* y) { __shared__ float s[2] = {1, 2}; y[0] = s[1]; }")]
    [InlineData("extern \"C\" __global__ void k(float* y, int n) { float s[n]; for (int i = 0; i < n; i++) s[i] = i; y[0] = s[n - 1]; }")]
    [InlineData("extern \"C\" __global__ void k(int* y) { if (y[0]) throw 1; }")]
    [InlineData("int host(); extern \"C\" __global__ void k(int* y) { y[0] = host(); }")]
    [InlineData("extern \"C\" __global__ void k(int* y) { int x; y[0] = x; }")]
    public void What_no_device_can_run_is_refused(string source) => Assert.Null(Clang.Compile(source, Clang.Extremes[0]).Ptx);
}
