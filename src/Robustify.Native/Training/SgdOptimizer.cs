using Robustify.Kernels.Backends;

namespace Robustify.Native.Training;

/// <summary>Stochastic gradient descent; the formula is <see cref="IBackend.SgdStep"/>'s.</summary>
internal sealed class SgdOptimizer(OptimizerOptions options, IBackend backend, OptimizerState[] state, Optimizer.Run[] runs)
    : Optimizer(options, backend, state, runs)
{
    private protected override OptimizerConstants ConstantsOf(float rate, long step) => OptimizerConstants.ForSgd(rate, step);

    private protected override void Update(in Run run)
    {
        var options = new SgdStepOptions((float)Options.Momentum, (float)Options.Dampening, Options.Nesterov, run.WeightDecay);
        Backend.SgdStep(run.Parameters, run.Gradients, run.State0, Constants, Sum, in options);
    }
}
