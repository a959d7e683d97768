using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;

namespace Robustify.Native.Method;

/// <summary>
/// WiSE-FT: every tensor on the straight line from a pretrained model to the same model tuned, theta = (1 - alpha) original + alpha tuned,
/// classifier and running statistics among them (Wortsman et al., "Robust fine-tuning of zero-shot models", arXiv 2109.01903, equation 1).
/// Of a three-headed student each head goes from the original's one classifier, so at alpha 0 all three are the original.
/// </summary>
internal static class WeightInterpolation
{
    private const string AlphaKey = "robustify.wise_alpha";

    /// <summary>The places of the published sweep.</summary>
    public static IReadOnlyList<double> StandardAlphas { get; } = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

    /// <summary>Writes the checkpoint at one place of the line; the tuned model's metadata, a student's calibration among it, go with it.</summary>
    /// <param name="original">File or run directory of the pretrained model.</param>
    /// <param name="tuned">File or run directory of the tuned one, plain or three-headed.</param>
    /// <param name="alpha">0 (original) to 1 (tuned).</param>
    /// <param name="path">The safetensors file to write.</param>
    /// <returns>Whether it is a student's, whose selector is then still the tuned student's.</returns>
    /// <exception cref="RobustifyException">A preset, models of different architectures, or alpha outside 0..1.</exception>
    public static bool Write(string original, string tuned, double alpha, string path)
    {
        if (!(alpha is >= 0 and <= 1))
            throw new RobustifyException($"interpolation: alpha {alpha} found, 0..1 expected");
        ModelSource from = Require(original), to = Require(tuned);
        var student = ThreeHeadedStudent.Of(to);
        if (ThreeHeadedStudent.Of(from) is not null)
            throw new RobustifyException($"interpolation: {original}: has three heads, the plain pretrained model expected to begin the line at");
        RequireOneArchitecture(from, to);
        using var start = student is null ? from.LoadClassifier(_ => false, seed: 0) : student.LoadOriginal(from);
        using var end = student is null ? to.LoadClassifier(_ => false, seed: 0) : student.LoadTrained(to);
        foreach (var parameter in end.All)
            Mix(start[parameter.Spec.Name], parameter, alpha);
        var metadata = to.Metadata.Where(m => m.Key.StartsWith("robustify.", StringComparison.Ordinal)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal);
        metadata[AlphaKey] = alpha.ToString("R", CultureInfo.InvariantCulture);
        to.Save(path, end, metadata);
        return student is not null;
    }

    private static void Mix(Parameter start, Parameter end, double alpha)
    {
        ReadOnlySpan<float> a = start.Value.View.Span;
        var b = end.Value.View.Span;
        for (int i = 0; i < b.Length; i++)
            b[i] = (float)((1 - alpha) * a[i] + alpha * b[i]);
    }

    private static ModelSource Require(string model)
    {
        var source = ModelSource.Resolve(model);
        return source.IsPretrained ? source : throw new RobustifyException($"interpolation: {model}: is a preset without weights, a checkpoint or run directory expected");
    }

    private static void RequireOneArchitecture(ModelSource from, ModelSource to)
    {
        var (a, b) = (from.Model.AllSpecs(), to.Model.AllSpecs());
        if (!a.Select(s => (s.Name, s.Shape)).SequenceEqual(b.Select(s => (s.Name, s.Shape))))
            throw new RobustifyException($"interpolation: {from.Name} ({from.Model.Description}) and {to.Name} ({to.Model.Description}) found, one architecture expected");
    }
}
