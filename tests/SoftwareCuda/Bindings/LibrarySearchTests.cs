using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Libraries;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class LibrarySearchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("robustify-libraries-").FullName;
    private readonly string? before = Environment.GetEnvironmentVariable(LibraryFolders.PathVariable);

    public LibrarySearchTests() => Environment.SetEnvironmentVariable(LibraryFolders.PathVariable, folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(LibraryFolders.PathVariable, before);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Every_name_that_was_tried_is_told_with_the_reason_it_failed()
    {
        File.WriteAllText(Path.Combine(folder, "libabsent-robustify.so.13"), "no library");
        var search = new LibrarySearch("a library", ["libabsent-robustify.so.13", "libabsent-robustify.so.12"]);
        Assert.Equal(0, search.Handle);
        var attempts = search.Attempts.ToDictionary(attempt => attempt.File, attempt => attempt.Failure);
        Assert.NotEqual("no such file", attempts[Path.Combine(folder, "libabsent-robustify.so.13")]);
        Assert.Equal("no such file", attempts[Path.Combine(folder, "libabsent-robustify.so.12")]);
        Assert.Contains("cannot open shared object file", attempts["libabsent-robustify.so.13"]);
        Assert.Contains("cannot open shared object file", attempts["libabsent-robustify.so.12"]);
        Assert.All(attempts.Values, reason => Assert.DoesNotContain('\n', reason));
    }

    [SoftwareCudaFact]
    public void A_folder_the_user_named_comes_first_and_its_lib64_counts()
    {
        Directory.CreateDirectory(Path.Combine(folder, "lib64"));
        string file = Path.Combine(folder, "lib64", "libcuda.so.1");
        File.CreateSymbolicLink(file, Path.Combine(SoftwareLibrary.Folder, "libcuda.so.1"));
        Assert.Equal(file, CudaLibraries.SearchDriver().LoadedFrom);
    }

    [SoftwareCudaFact]
    public void A_library_without_an_entry_point_is_named_with_it()
    {
        File.CreateSymbolicLink(Path.Combine(folder, "libcuda.so.1"), Path.Combine(SoftwareLibrary.Folder, "libcuda.so.1"));
        var search = CudaLibraries.SearchDriver();
        Assert.Equal(0, search.TryEntry("cuNoSuchCall"));
        string message = Assert.Throws<RobustifyException>(() => search.Entry("cuNoSuchCall")).Message;
        Assert.Contains("libcuda.so.1: has no cuNoSuchCall", message);
    }

    [Theory]
    [InlineData(13, new[] { "libnvrtc.so.13", "libnvrtc.so.12" })]
    [InlineData(12, new[] { "libnvrtc.so.12", "libnvrtc.so.13" })]
    [InlineData(14, new[] { "libnvrtc.so.13", "libnvrtc.so.12" })]
    public void Libraries_of_the_drivers_own_version_are_tried_before_newer_ones(int driver, string[] expected)
    {
        if (OperatingSystem.IsLinux())
            Assert.Equal(expected, LibraryNames.Nvrtc(driver));
    }
}
