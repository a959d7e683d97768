using System.Globalization;

namespace Robustify.Kernels.Energy;

/// <summary>
/// Energy of the processor's packages from Linux's power capping files (RAPL: <c>/sys/class/powercap/intel-rapl:N/energy_uj</c>, which AMD's
/// processors have too). They count everything that runs on the machine, and on most systems only root may read them.
/// </summary>
internal sealed class RaplCounter : EnergyCounter
{
    private const string Folder = "/sys/class/powercap";

    private readonly Package[] packages;

    private RaplCounter(Package[] packages) => this.packages = packages;

    /// <inheritdoc/>
    public override string Source => $"RAPL, {packages.Length} processor package{(packages.Length == 1 ? "" : "s")}, everything that runs on them";

    /// <summary>Opens the counter of this machine; null where there is none that may be read.</summary>
    public static RaplCounter? Open(out string reason) => Open(Folder, out reason);

    /// <summary>As the other, in a folder of the same layout.</summary>
    internal static RaplCounter? Open(string folder, out string reason)
    {
        reason = "";
        string[] zones = [];
        try
        {
            // intel-rapl:0 is a package; intel-rapl:0:0 a part of it, which would count twice.
            zones = Directory.Exists(folder)
                ? [.. Directory.GetDirectories(folder, "intel-rapl:*").Where(zone => Path.GetFileName(zone).Count(c => c == ':') == 1).Order(StringComparer.Ordinal)]
                : [];
            var packages = zones.Where(zone => File.ReadAllText(Path.Combine(zone, "name")).StartsWith("package", StringComparison.Ordinal))
                .Select(zone => new Package(Path.Combine(zone, "energy_uj"), Read(Path.Combine(zone, "max_energy_range_uj")))).ToArray();
            if (packages.Length > 0)
                return new RaplCounter(packages);
            reason = $"{folder} has no processor package";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            reason = $"{folder} cannot be read: {e.Message.ReplaceLineEndings(" ")}";
        }

        return null;
    }

    /// <inheritdoc/>
    public override double Joules()
    {
        double microjoules = 0;
        foreach (var package in packages)
            microjoules += package.Advance();
        return microjoules / 1e6;
    }

    private static ulong Read(string file) => ulong.Parse(File.ReadAllText(file).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <param name="file">Its counter in microjoules.</param>
    /// <param name="range">After this many it begins again at 0.</param>
    private sealed class Package(string file, ulong range)
    {
        private ulong last = Read(file);
        private double sum;

        public double Advance()
        {
            try
            {
                ulong now = Read(file);
                sum += now >= last ? now - last : range - last + now;
                last = now;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
            {
                // A processor that was taken away while the run went on: what it used before stays counted.
            }

            return sum;
        }
    }
}
