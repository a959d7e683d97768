using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Evaluation;

/// <summary>One model's figures on a suite of shifted images.</summary>
/// <param name="Suite">Its name: <c>imagenet-a</c> ...</param>
/// <param name="Classes">Among what the model chose.</param>
/// <param name="Metrics">The figures.</param>
/// <param name="Clean">Those on the clean images of the same classes under the same mask; null where no clean images were measured.</param>
/// <param name="EffectiveRobustness">Accuracy beyond what a standard model of that clean accuracy has; NaN where there is no line.</param>
internal sealed record ShiftResult(
    string Suite, string Classes, ConditionMetrics Metrics, ConditionMetrics? Clean, double EffectiveRobustness);
