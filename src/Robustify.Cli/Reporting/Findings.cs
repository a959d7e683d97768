using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Sources;
using Robustify.Native.Models;

namespace Robustify.Cli.Reporting;

/// <summary>What <c>doctor</c> tells of a machine, name by name.</summary>
internal static class Findings
{
    /// <summary>All findings in the order they are told.</summary>
    public static IReadOnlyList<(string Name, string Value)> OfThisMachine() =>
    [
        ("robustify", CommandLine.Version),
        ("runtime", RuntimeInformation.FrameworkDescription),
        ("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}"),
        ("processors", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
        ("workers", $"{Environment.ProcessorCount} unless --workers says otherwise"),
        ("vectors", $"{VectorWidth} bits"),
        ("cpu features", string.Join(" ", CpuFeatures())),
        ("memory", string.Create(
            CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0:F1} GiB available to the process")),
        ("devices", CudaDevices.IsUsable(0, out string reason) ? "cpu, cuda" : $"cpu; no cuda: {reason}"),
        .. CudaInventory.Take(),
        ("default data", Found(DataDirectory.Default)),
        ("full data", Directory.Exists(DataDirectory.FullFashionMnist)
            ? DataDirectory.FullFashionMnist
            : $"{DataDirectory.FullFashionMnist} is not there (Debian's package dataset-fashion-mnist)"),
        ("bundled model", Found(BundledModel.Find)),
    ];

    private static int VectorWidth => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    private static IEnumerable<string> CpuFeatures()
    {
        (string Name, bool IsThere)[] features =
        [
            ("sse4.2", Sse42.IsSupported), ("avx", Avx.IsSupported), ("avx2", Avx2.IsSupported), ("fma", Fma.IsSupported),
            ("avx512f", Avx512F.IsSupported), ("avx512bw", Avx512BW.IsSupported), ("avx512vbmi", Avx512Vbmi.IsSupported),
            ("neon", AdvSimd.IsSupported), ("dotprod", Dp.IsSupported),
        ];
        return features.Where(f => f.IsThere).Select(f => f.Name);
    }

    private static string Found(Func<string> find)
    {
        try
        {
            return find();
        }
        catch (RobustifyException missing)
        {
            return $"none: {missing.Message}";
        }
    }
}
