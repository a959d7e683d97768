using System.Runtime.InteropServices;

namespace Robustify.Kernels.Memory;

/// <summary>
/// Asks the system to back a block with pages of 2 MiB: its first touch is then one fault where it was 512, and walking it misses fewer
/// translations. A hint and no more: where the system knows no such pages nothing changes.
/// </summary>
internal static partial class LargePages
{
    private const long Page = 2 << 20;

    // MADV_HUGEPAGE of Linux's asm-generic/mman-common.h.
    private const int UseLargePages = 14;

    /// <summary>Asks for the whole large pages inside the block, which nothing has touched yet.</summary>
    public static void Ask(nint start, long bytes)
    {
        nint first = (nint)((start + Page - 1) & ~(Page - 1)), end = (nint)((start + bytes) & ~(Page - 1));
        if (!OperatingSystem.IsLinux() || end <= first)
            return;
        try
        {
            _ = Advise(first, (nuint)(end - first), UseLargePages);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A Linux whose C library goes by another name: ordinary pages do as well.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint address, nuint length, int advice);
}
