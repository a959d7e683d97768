using System.Globalization;
using System.Numerics;

namespace Robustify.Cli.Options;

/// <summary>The numbers an option takes; its text is both the help and the complaint.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end; null for none.</param>
/// <param name="LowOpen">The lower end itself is refused.</param>
/// <param name="HighOpen">The upper end itself is refused.</param>
internal readonly record struct Interval<T>(T Low, T? High, bool LowOpen = false, bool HighOpen = false)
    where T : struct, INumber<T>
{
    /// <summary>Whether a number lies inside; NaN and infinity never do.</summary>
    public bool Contains(T value) =>
        T.IsFinite(value) && (LowOpen ? value > Low : value >= Low) && (High is not { } high || (HighOpen ? value < high : value <= high));

    public override string ToString()
    {
        string low = Low.ToString(null, CultureInfo.InvariantCulture);
        string? high = High?.ToString(null, CultureInfo.InvariantCulture);
        return (LowOpen, HighOpen, high) switch
        {
            (false, _, null) => $"at least {low}",
            (true, _, null) => $"above {low}",
            (false, false, _) => $"{low}..{high}",
            (false, true, _) => $"at least {low} and below {high}",
            (true, false, _) => $"above {low} and at most {high}",
            _ => $"above {low} and below {high}",
        };
    }
}
