using Robustify.Kernels.Backends;

namespace Robustify.Native.Training;

/// <summary>Stochastic gradient descent; the formula is <see cref="IBackend.SgdStep"/>'s.</summary>
internal sealed class SgdOptimizer(OptimizerOptions options, IBackend backend, OptimizerState[] state, Optimizer.Run[] runs)
    : Optimizer(options, backend, state, runs)
{
    private protected override void Update(in Run run, float rate, long step)
    {
        var constants = new SgdStepOptions(
            rate, (float)Options.Momentum, (float)Options.Dampening, Options.Nesterov, run.WeightDecay, FirstStep: step == 1);
        Backend.SgdStep(run.Parameters, run.Gradients, run.State0, in constants);
    }
}
