using System.Diagnostics;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Clang;

/// <summary>A second CUDA compiler: clang makes PTX without a toolkit. Versions that know the PTX of Hopper are of use.</summary>
internal static class Clang
{
    private sealed record Version(string Program, string PtxFeature, int[] Architectures);

    // Architectures that each version accepted with a small header in place of the toolkit; the last is the highest.
    private static readonly Version[] Known =
    [
        new("clang-22", "+ptx90", [80, 86, 90, 100, 120]),
        new("clang-19", "+ptx85", [80, 86, 89, 90]),
    ];

    private static readonly Version? Found = Known.FirstOrDefault(version => SoftwareLibrary.OnPath(version.Program));

    /// <summary>Why there is none; null where there is one.</summary>
    public static string? Missing => Found is null ? $"none of {string.Join(", ", Known.Select(version => version.Program))} on the PATH (Debian: apt install clang-19)" : null;

    /// <summary>The lowest and the highest architecture it knows of those this program supports.</summary>
    public static int[] Extremes => Found is null ? [80] : [Found.Architectures[0], Found.Architectures[^1]];

    /// <summary>The PTX, and the compiler's messages; null where it refuses.</summary>
    public static (string? Ptx, string Messages) Compile(string source, int architecture)
    {
        string folder = Directory.CreateTempSubdirectory("robustify-clang-").FullName;
        try
        {
            string input = Path.Combine(folder, "kernels.cu"), output = Path.Combine(folder, "kernels.ptx");
            File.WriteAllText(input, source);
            string[] arguments =
            [
                "-x", "cuda", "--cuda-device-only", $"--cuda-gpu-arch=sm_{architecture}", $"--cuda-feature={Found!.PtxFeature}", "-nocudainc", "-nocudalib",
                "-std=c++17", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-const-variable", "-Werror", "-fdeclspec", "-include", Path.Combine(AppContext.BaseDirectory, "Clang", "cuda_declarations.h"),
                "-S", input, "-o", output,
            ];
            using var process = Process.Start(new ProcessStartInfo(Found.Program, arguments) { RedirectStandardError = true })!;
            string messages = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode == 0 ? File.ReadAllText(output) : null, messages);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>A theory that needs clang; skipped with the reason where none is installed.</summary>
internal sealed class ClangTheoryAttribute : TheoryAttribute
{
    public ClangTheoryAttribute() => Skip = Clang.Missing!;
}

/// <summary>A fact that needs clang; skipped with the reason where none is installed.</summary>
internal sealed class ClangFactAttribute : FactAttribute
{
    public ClangFactAttribute() => Skip = Clang.Missing!;
}
