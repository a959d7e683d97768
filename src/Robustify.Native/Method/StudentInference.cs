using System.Globalization;
using Robustify.Kernels;

namespace Robustify.Native.Method;

/// <summary>How a student answers; stored in its checkpoint.</summary>
public sealed record StudentInference
{
    private const string PassesKey = "robustify.dropout_passes";
    private const string ProbabilityKey = "robustify.dropout_probability";

    /// <summary>The selector's numbers.</summary>
    public SelectorCalibration Calibration { get; init; }

    /// <summary>Passes of Monte-Carlo dropout over the heads; 1 is a plain pass.</summary>
    public int DropoutPasses { get; init; } = 1;

    /// <summary>Probability of that dropout.</summary>
    public float DropoutProbability { get; init; } = 0.1f;

    /// <summary>Key of its draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>What a training run's choices mean for inference.</summary>
    public static StudentInference From(DistillationOptions options) => new()
    {
        DropoutPasses = options.Uncertainty == UncertaintyKind.MonteCarloDropout ? options.DropoutPasses : 1,
        DropoutProbability = options.DropoutProbability,
    };

    /// <summary>Metadata for the checkpoint of a student.</summary>
    public Dictionary<string, string> Metadata(ThreeHeadedStudent student)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ThreeHeadedStudent.TailKey] = student.Tail.ToString().ToLowerInvariant(),
            [ThreeHeadedStudent.TunedKey] = student.Tuned.ToString().ToLowerInvariant(),
            [ThreeHeadedStudent.TailBlocksKey] = student.TailBlocks.ToString(CultureInfo.InvariantCulture),
            [PassesKey] = DropoutPasses.ToString(CultureInfo.InvariantCulture),
            [ProbabilityKey] = DropoutProbability.ToString("R", CultureInfo.InvariantCulture),
        };
        if (student.Heads != ThreeHeadedStudent.AllHeads)
            metadata[ThreeHeadedStudent.HeadsKey] = student.Heads.ToString(CultureInfo.InvariantCulture);
        Calibration.Write(metadata);
        return metadata;
    }

    /// <summary>Reads a checkpoint's metadata.</summary>
    /// <exception cref="RobustifyException">An entry is no number or outside its range.</exception>
    public static StudentInference Read(IReadOnlyDictionary<string, string> metadata)
    {
        string passes = metadata.GetValueOrDefault(PassesKey, "1"), probability = metadata.GetValueOrDefault(ProbabilityKey, "0.1");
        if (!int.TryParse(passes, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > 100
            || !float.TryParse(probability, NumberStyles.Float, CultureInfo.InvariantCulture, out float p) || !(p is > 0 and < 1))
        {
            throw new RobustifyException($"checkpoint: {PassesKey} '{passes}' and {ProbabilityKey} '{probability}' found, 1..100 and a number inside 0..1 expected");
        }

        return new StudentInference { Calibration = SelectorCalibration.Read(metadata), DropoutPasses = count, DropoutProbability = p };
    }
}
