using Robustify.Kernels.Backends;

namespace Robustify.Native.Training;

/// <summary>Adam with decoupled weight decay; the formula is <see cref="IBackend.AdamWStep"/>'s.</summary>
internal sealed class AdamWOptimizer(OptimizerOptions options, IBackend backend, OptimizerState[] state, Optimizer.Run[] runs)
    : Optimizer(options, backend, state, runs)
{
    private protected override OptimizerConstants ConstantsOf(float rate, long step) =>
        OptimizerConstants.ForAdamW(rate, (float)Options.Beta1, (float)Options.Beta2, step);

    private protected override void Update(in Run run)
    {
        var options = new AdamWStepOptions((float)Options.Beta1, (float)Options.Beta2, (float)Options.Epsilon, run.WeightDecay);
        Backend.AdamWStep(run.Parameters, run.Gradients, run.State0, run.State1, Constants, Sum, in options);
    }
}
