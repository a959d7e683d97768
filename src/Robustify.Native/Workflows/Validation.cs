using Robustify.Native.Evaluation;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows;

/// <summary>Measures a model in training on the images held out of it; the predictor is made at the first measurement.</summary>
internal sealed class Validation(LabeledData data, ulong seed, bool isRobust, Func<IPredictor> create) : IDisposable
{
    private IPredictor? predictor;

    /// <summary>Accuracy in 0..1: see <see cref="HeldOutAccuracy"/>.</summary>
    public double Measure(RunContext context)
    {
        predictor ??= create();
        return HeldOutAccuracy.Measure(predictor, data.HeldOutSource, data.HeldOut, isRobust, seed, context);
    }

    public void Dispose() => predictor?.Dispose();
}
