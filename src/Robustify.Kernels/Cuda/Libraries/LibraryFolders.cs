namespace Robustify.Kernels.Cuda.Libraries;

/// <summary>Where CUDA libraries lie, in the order they are looked for.</summary>
internal static class LibraryFolders
{
    /// <summary>Environment variable with folders that come before all others, separated as in PATH.</summary>
    public const string PathVariable = "ROBUSTIFY_CUDA_PATH";

    private static readonly string[] Below = ["", "lib64", "lib", "lib/x86_64-linux-gnu", "targets/x86_64-linux/lib", "bin", "bin/x64"];

    private static readonly string[] WheelParts = ["cuda_nvrtc/lib", "cublas/lib", "cu13/lib", "cuda_nvrtc/bin", "cublas/bin", "cu13/bin"];

    /// <summary>The folders the user named.</summary>
    public static IEnumerable<string> Named() =>
        Existing((Environment.GetEnvironmentVariable(PathVariable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), Below);

    /// <summary>Toolkit folders, then those of NVIDIA's Python wheels.</summary>
    public static IEnumerable<string> Usual() => Existing(Toolkits(), Below).Concat(Existing(SitePackages(), [.. WheelParts.Select(part => $"nvidia/{part}")]));

    private static IEnumerable<string> Toolkits()
    {
        foreach (string variable in (string[])["CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX"])
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder)
                yield return folder;
        }

        if (OperatingSystem.IsWindows())
        {
            foreach (string folder in Matching(@"C:\Program Files\NVIDIA GPU Computing Toolkit\CUDA", "v1*"))
                yield return folder;
            yield break;
        }

        yield return "/usr/local/cuda";
        foreach (string folder in Matching("/usr/local", "cuda-1*"))
            yield return folder;
        yield return "/opt/cuda";
        yield return "/usr/lib/x86_64-linux-gnu";
        yield return "/usr/lib/wsl";
    }

    private static IEnumerable<string> SitePackages()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string?[] prefixes =
        [
            Environment.GetEnvironmentVariable("VIRTUAL_ENV"), Environment.GetEnvironmentVariable("CONDA_PREFIX"),
            Path.Combine(home, ".local"), "/usr/local", "/usr", "/opt/conda",
        ];
        foreach (string? prefix in prefixes)
        {
            if (string.IsNullOrEmpty(prefix))
                continue;
            yield return Path.Combine(prefix, "Lib", "site-packages");
            foreach (string python in Matching(Path.Combine(prefix, "lib"), "python3*"))
            {
                yield return Path.Combine(python, "site-packages");
                yield return Path.Combine(python, "dist-packages");
            }
        }
    }

    private static IEnumerable<string> Existing(IEnumerable<string> roots, string[] below)
    {
        foreach (string root in roots)
        {
            foreach (string part in below)
            {
                string folder = part.Length == 0 ? root : Path.Combine(root, part);
                if (Directory.Exists(folder))
                    yield return folder;
            }
        }
    }

    /// <summary>Sub-folders that fit a pattern, newest version first; none where the folder cannot be read.</summary>
    private static IEnumerable<string> Matching(string folder, string pattern)
    {
        try
        {
            return Directory.Exists(folder)
                ? Directory.GetDirectories(folder, pattern).OrderByDescending(name => name, StringComparer.Ordinal)
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
