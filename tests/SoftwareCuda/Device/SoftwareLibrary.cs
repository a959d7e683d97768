using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Robustify.SoftwareCuda.Tests.Device;

/// <summary>
/// The libraries that stand in for NVIDIA's. They are compiled from <c>native/</c> into a folder beside the tests, named by a hash of the
/// sources, so that nothing is rebuilt while they stay as they are.
/// </summary>
public static class SoftwareLibrary
{
    private static readonly Lazy<string> Built = new(Build);

    /// <summary>Why there can be no software device here; null where there can.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>Folder with libcuda.so.1, libnvrtc.so.12, libcublas.so.12 and libcublasLt.so.12; built at the first call.</summary>
    public static string Folder => Built.Value;

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return "the software CUDA device runs on Linux on x86-64 only";
        if (!OnPath("g++"))
            return "no g++ on the PATH: the software CUDA device is compiled when the tests run (Debian: apt install g++)";
        return null;
    }

    /// <summary>Whether a program is installed.</summary>
    public static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    private static string Build()
    {
        string sources = Path.Combine(AppContext.BaseDirectory, "native");
        string root = Path.Combine(AppContext.BaseDirectory, "software-cuda");
        string folder = Path.Combine(root, HashOf(sources));
        Directory.CreateDirectory(root);
        // One process builds, others wait for it.
        using FileStream turn = Locked(folder + ".lock");
        if (Directory.Exists(folder))
            return folder;
        string unfinished = folder + ".unfinished";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        var start = new ProcessStartInfo("bash", [Path.Combine(sources, "build.sh"), unfinished]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"the software CUDA device does not compile:\n{errors}");
        Directory.Move(unfinished, folder);
        return folder;
    }

    private static FileStream Locked(string path)
    {
        for (; ; Thread.Sleep(100))
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                // Another process builds.
            }
        }
    }

    private static string HashOf(string sources)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Directory.EnumerateFiles(sources, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(sources, file)));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
