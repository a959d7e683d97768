using System.Globalization;
using Robustify.Native.Method;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>WiSE-FT: the straight line from the original's tensors to a tuned model's (Wortsman et al., arXiv 2109.01903). Nothing is trained.</summary>
internal sealed class InterpolationScheme : Scheme
{
    /// <summary>The scheme whose model it goes to.</summary>
    public required string From { get; init; }

    /// <summary>The place on the line that has a row of its own, 0 (original) to 1 (tuned).</summary>
    public required double Alpha { get; init; }

    /// <summary>The places that are measured for the sweep.</summary>
    public required IReadOnlyList<double> Alphas { get; init; }

    /// <summary>The original.</summary>
    public required string Original { get; init; }

    /// <summary>How much clean accuracy on the held-out images the selector of an interpolated student may give away.</summary>
    public required double CleanMargin { get; init; }

    /// <summary>How many standard errors of that loss are kept beside the margin.</summary>
    public required double CleanConfidence { get; init; }

    public override IReadOnlyList<string> StandsOn => [From];

    public override TrainingCost Train(SchemeRun run)
    {
        string tuned = run.ModelOf(From);
        var data = run.Data(images: null);
        foreach (double alpha in Alphas.Append(Alpha).Distinct().Where(a => a is > 0 and < 1))
        {
            string file = Path.Combine(run.Directory.Root, FileOf(alpha));
            bool isStudent = WeightInterpolation.Write(Original, tuned, alpha, file);

            // Other heads than those the tuned student's selector was calibrated for.
            if (isStudent && data.HeldOut.Length > 0)
                StudentCalibration.Write(file, Original, data, CleanMargin, CleanConfidence, run.Seed, run.Context);
        }

        return default;
    }

    public override IEnumerable<MeasuredModel> Models(Func<string, string> modelOf)
    {
        string PathOf(double alpha) => alpha switch { 0 => Original, 1 => modelOf(From), _ => Path.Combine(modelOf(Name), FileOf(alpha)) };
        return
        [
            new(Name, PathOf(Alpha)),
            .. Alphas.Select(a => new MeasuredModel(string.Create(CultureInfo.InvariantCulture, $"{Name} alpha {a}"), PathOf(a), Name, a)),
        ];
    }

    private static string FileOf(double alpha) => string.Create(CultureInfo.InvariantCulture, $"alpha-{alpha}.safetensors");
}
