using System.Globalization;
using Robustify.Kernels;

namespace Robustify.Native.Method;

/// <summary>
/// The two numbers of head selection: with d = s_c - s_u - Bias, the combined head answers where |d| is below Delta, else the clean head
/// where d is below 0, else the unclean one. Stored in the student's checkpoint.
/// </summary>
/// <param name="Delta">Half the width of the band where the combined head answers; at least 0.</param>
/// <param name="Bias">How much worse the clean head's score may be before another is preferred.</param>
public readonly record struct SelectorCalibration(double Delta, double Bias)
{
    private const string DeltaKey = "robustify.selector.delta";
    private const string BiasKey = "robustify.selector.bias";

    /// <summary>No preference and no band.</summary>
    public static SelectorCalibration None => new(0, 0);

    /// <summary>Adds the numbers to a checkpoint's metadata.</summary>
    public void Write(IDictionary<string, string> metadata)
    {
        metadata[DeltaKey] = Delta.ToString("R", CultureInfo.InvariantCulture);
        metadata[BiasKey] = Bias.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>Reads the numbers from a checkpoint's metadata; <see cref="None"/> where it has none.</summary>
    public static SelectorCalibration Read(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(DeltaKey, out string? delta) || !metadata.TryGetValue(BiasKey, out string? bias))
            return None;
        if (double.TryParse(delta, NumberStyles.Float, CultureInfo.InvariantCulture, out double d) && d >= 0
            && double.TryParse(bias, NumberStyles.Float, CultureInfo.InvariantCulture, out double b) && !double.IsNaN(b))
        {
            return new SelectorCalibration(d, b);
        }

        throw new RobustifyException($"checkpoint: {DeltaKey} '{delta}' and {BiasKey} '{bias}' found, numbers expected; distill again");
    }
}
