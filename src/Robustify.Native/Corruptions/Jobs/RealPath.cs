namespace Robustify.Native.Corruptions.Jobs;

/// <summary>Absolute paths with links resolved, so that one place reached by two names is known to be one place.</summary>
internal static class RealPath
{
    // More links than the kernel itself would follow mean a circle.
    private const int MaxLinks = 40;

    /// <summary>The absolute path; components that do not exist (yet) are kept as they are.</summary>
    public static string Of(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        int links = 0;
        for (int end = NextSeparator(full, 0); ; end = NextSeparator(full, end))
        {
            string prefix = full[..end], rest = full[end..];
            FileSystemInfo info = new DirectoryInfo(prefix);
            if (info.LinkTarget is { } target && links++ < MaxLinks)
            {
                string resolved = Path.GetFullPath(target, Path.GetDirectoryName(prefix) ?? prefix);
                full = Path.TrimEndingDirectorySeparator(resolved) + rest;
                end = 0;
                continue;
            }

            if (end == full.Length)
                return full;
        }
    }

    private static int NextSeparator(string path, int after)
    {
        int next = after + 1 < path.Length ? path.IndexOf(Path.DirectorySeparatorChar, after + 1) : -1;
        return next < 0 ? path.Length : next;
    }
}
