using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Kernels;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class KernelCacheTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("robustify-cache-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SoftwareCudaFact]
    public void The_first_start_compiles_with_a_line_of_progress_and_the_second_is_silent()
    {
        using var device = new SoftwareDevice();
        using (var first = new OpenedBackend(folder))
            Assert.StartsWith("compiling the CUDA kernels for ", first.Said[0]);
        using var second = new OpenedBackend(folder);
        Assert.Empty(second.Said);
        var y = second.New(1);
        second.Increment(y);
        Assert.Equal([2f], second.Read(y));
    }

    [SoftwareCudaTheory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(5000)]
    public void A_file_cut_short_is_compiled_anew(int length)
    {
        using var device = new SoftwareDevice();
        new OpenedBackend(folder).Dispose();
        string file = Directory.GetFiles(folder, "*.cubin").Single();
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..length]);
        using (var again = new OpenedBackend(folder))
            Assert.NotEmpty(again.Said);
        Assert.Equal(whole, File.ReadAllBytes(file));
    }

    [SoftwareCudaFact]
    public void A_file_with_one_bit_turned_is_compiled_anew()
    {
        using var device = new SoftwareDevice();
        new OpenedBackend(folder).Dispose();
        string file = Directory.GetFiles(folder, "*.cubin").Single();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^100] ^= 4;
        File.WriteAllBytes(file, bytes);
        using var again = new OpenedBackend(folder);
        Assert.NotEmpty(again.Said);
    }

    [SoftwareCudaFact]
    public void A_whole_file_that_the_driver_refuses_is_compiled_anew()
    {
        using var device = new SoftwareDevice();
        new OpenedBackend(folder).Dispose();
        string file = Directory.GetFiles(folder, "*.cubin").Single();
        new KernelCache(folder, _ => { }).Write(Path.GetFileName(file), "not machine code, but whole"u8);
        using var again = new OpenedBackend(folder);
        Assert.NotEmpty(again.Said);
    }

    [SoftwareCudaFact]
    public void A_directory_that_cannot_be_written_gives_one_warning_and_the_program_goes_on()
    {
        using var device = new SoftwareDevice();
        string file = Path.Combine(folder, "a-file-not-a-folder");
        File.WriteAllText(file, "");
        using var opened = new OpenedBackend(Path.Combine(file, "cache"));
        string warning = Assert.Single(opened.Said, line => line.Contains("cannot be kept"));
        Assert.Contains(KernelCache.DirectoryVariable, warning);
        var y = opened.New(1);
        opened.Increment(y);
        Assert.Equal([2f], opened.Read(y));
    }

    [SoftwareCudaFact]
    public void Another_architecture_and_another_source_have_files_of_their_own()
    {
        using (new SoftwareDevice())
            new OpenedBackend(folder).Dispose();
        using (new SoftwareDevice(new() { Capability = 80 }))
            new OpenedBackend(folder).Dispose();
        using (new SoftwareDevice())
            new OpenedBackend(folder, "extern \"C\" __global__ void other(float* y) { y[0] = 1.0f; }").Dispose();
        Assert.Equal(3, Directory.GetFiles(folder, "*.cubin").Length);
    }

    [SoftwareCudaFact]
    public void Kernels_that_do_not_compile_are_told_with_file_and_line()
    {
        using var device = new SoftwareDevice();
        var thrown = Assert.Throws<CudaException>(() => new OpenedBackend(folder, "\n\nextern \"C\" __global__ void broken(float* y) { y[0] = undeclared; }"));
        Assert.Equal("nvrtcCompileProgram", thrown.Call);
        Assert.Contains("kernels.cu:3", thrown.Message);
        Assert.Contains("undeclared", thrown.Message);
        Assert.DoesNotContain('\n', thrown.Message);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [SoftwareCudaFact]
    public void Without_NVRTC_kernels_compiled_earlier_serve_and_without_those_the_line_says_what_to_install()
    {
        using var device = new SoftwareDevice();
        new OpenedBackend(folder).Dispose();
        string libraries = Path.Combine(folder, "libraries"), before = Environment.GetEnvironmentVariable(SoftwareDevice.PathVariable)!;
        Directory.CreateDirectory(libraries);
        foreach (string name in (string[])["libcuda.so.1", "libcublasLt.so.12"])
            File.CreateSymbolicLink(Path.Combine(libraries, name), Path.Combine(SoftwareLibrary.Folder, name));
        Environment.SetEnvironmentVariable(SoftwareDevice.PathVariable, libraries);
        try
        {
            using (var opened = new OpenedBackend(folder))
            {
                Assert.Contains("is not installed; kernels compiled earlier are used", Assert.Single(opened.Said));
                var y = opened.New(1);
                opened.Increment(y);
                Assert.Equal([2f], opened.Read(y));
            }

            var thrown = Assert.Throws<RobustifyException>(() => new OpenedBackend(Path.Combine(folder, "empty")));
            Assert.Contains("NVRTC, the run-time compiler: not found (libnvrtc.so.1", thrown.Message);
            Assert.Contains(SoftwareDevice.PathVariable, thrown.Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable(SoftwareDevice.PathVariable, before);
        }
    }

    [Fact]
    public void Clearing_deletes_the_caches_files_and_nothing_else()
    {
        var cache = new KernelCache(folder, _ => { });
        cache.Write(KernelCache.NameOf(".cubin", "a"), "kernels"u8);
        cache.Write(KernelCache.NameOf(".matmul", "a"), "choices"u8);
        File.WriteAllText(Path.Combine(folder, "mine.txt"), "keep");
        Assert.Equal((2, 2 * (32 + 7)), cache.Clear());
        Assert.Equal(["mine.txt"], Directory.GetFiles(folder).Select(Path.GetFileName));
        Assert.Equal((0, 0), cache.Clear());
    }

    [Fact]
    public void A_name_depends_on_every_part_and_on_where_one_ends()
    {
        string[] names = [KernelCache.NameOf(".x", "ab", "c"), KernelCache.NameOf(".x", "a", "bc"), KernelCache.NameOf(".x", "abc"), KernelCache.NameOf(".x", "ab", "d")];
        Assert.Equal(4, names.Distinct().Count());
        Assert.Equal(names[0], KernelCache.NameOf(".x", "ab", "c"));
    }

    [Fact]
    public void The_index_is_joined_with_its_sections_and_lines_keep_their_numbers()
    {
        string joined = KernelSource.Join("index", name => name == "index" ? "// one\n#include \"a.cuh\"\nint b;\n" : "int a;\n");
        Assert.Equal("// one\n#line 1 \"a.cuh\"\nint a;\n\n#line 3 \"index\"\nint b;\n\n", joined);
    }

    [Fact]
    public void The_assembly_carries_every_section_of_the_index()
    {
        string source = KernelSource.Read();
        Assert.DoesNotContain("#include", source.Split('\n').Where(line => !line.TrimStart().StartsWith("//")).Aggregate("", (all, line) => all + line));
        Assert.Contains("#line 1 \"src/Robustify.Kernels/Cuda/Sections/common.cuh\"", source);
    }
}
