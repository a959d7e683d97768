using System.Diagnostics;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Runs;

namespace Robustify.Native.Training;

/// <summary>What a training run took.</summary>
/// <param name="Seconds">Wall time of the steps; of a resumed run, of those since it was resumed.</param>
/// <param name="Images">Images seen, not counting views.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="TrainedParameters">Numbers the optimizer moved.</param>
public readonly record struct TrainingCost(double Seconds, long Images, long Steps, long TrainedParameters);

/// <summary>
/// Repeats a training step over a loader's batches: forward and backward, clip, update, and at the end of each epoch a checkpoint. Steps
/// allocate nothing. A loss or gradient that is not finite stops the run before it can spoil the parameters.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly IBackend backend;
    private readonly ITrainingStep step;
    private readonly BatchLoader loader;
    private readonly TrainerOptions options;
    private readonly NativeBuffer optimizerMemory;
    private readonly Optimizer optimizer;
    private readonly LearningRateSchedule schedule;
    private readonly Stopwatch watch = new();
    private double lossSum;
    private long lossCount;

    /// <summary>Makes the optimizer; its memory is taken here.</summary>
    public Trainer(IBackend backend, ITrainingStep step, BatchLoader loader, TrainerOptions options)
    {
        options.Validate();
        (this.backend, this.step, this.loader, this.options) = (backend, step, loader, options);
        var parameters = step.Parameters;
        long stateLength = Optimizer.StateLength(options.Optimizer, parameters.TrainedCount);
        optimizerMemory = new NativeBuffer(stateLength * sizeof(float), "optimizer state");
        var state = stateLength == 0 ? default : optimizerMemory.View(0, new Shape(checked((int)stateLength)));
        optimizer = Optimizer.Create(options.Optimizer, backend, parameters.TrainedData, parameters.TrainedGradients, state, [.. Segments()]);
        schedule = options.CreateSchedule(TotalSteps);
    }

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps => (long)options.Epochs * loader.BatchCount;

    /// <summary>Called at the end of each epoch with its number from 0 and the mean loss; saves what should be saved.</summary>
    public Action<int, double>? EpochEnded { get; set; }

    /// <summary>The optimizer, for checkpoints.</summary>
    public Optimizer Optimizer => optimizer;

    /// <summary>Runs from where the optimizer stands to the end.</summary>
    /// <exception cref="RunFailedException">A loss or gradient became NaN or infinite: names step and tensor.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two steps; the state is consistent and can be saved.</exception>
    public TrainingCost Run(string phase, IProgressSink progress, CancellationToken cancellation)
    {
        long first = optimizer.CompletedSteps;
        progress.Begin(phase, TotalSteps - first, "steps");
        watch.Restart();
        for (int epoch = (int)(first / loader.BatchCount); epoch < options.Epochs; epoch++)
        {
            (lossSum, lossCount) = (0, 0);
            loader.StartEpoch(epoch, (int)(optimizer.CompletedSteps % loader.BatchCount));
            while (loader.Next() is { } batch)
            {
                cancellation.ThrowIfCancellationRequested();
                double loss = Step(batch);
                progress.Report(optimizer.CompletedSteps - first, loss);
            }

            EpochEnded?.Invoke(epoch, lossSum / Math.Max(1, lossCount));
        }

        watch.Stop();
        progress.End();
        return new TrainingCost(
            watch.Elapsed.TotalSeconds, optimizer.CompletedSteps * loader.BatchSize, optimizer.CompletedSteps, step.Parameters.TrainedCount);
    }

    /// <summary>One step on a batch: forward, backward, clip, update.</summary>
    /// <returns>The sum of the losses.</returns>
    public double Step(Batch batch)
    {
        step.Compute(backend, batch);
        double loss = 0;
        for (int i = 0; i < step.Losses.Count; i++)
            loss += step.Losses[i].Value.View.Span[0];
        double norm = optimizer.ClipGradients();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw Diverged(loss, norm);
        optimizer.Step(schedule.RateAt(optimizer.CompletedSteps));
        lossSum += loss;
        lossCount++;
        return loss;
    }

    /// <inheritdoc/>
    public void Dispose() => optimizerMemory.Dispose();

    private RunFailedException Diverged(double loss, double norm)
    {
        string tensor = step.FindNonFinite(backend) ?? (double.IsFinite(loss) ? "the gradient norm" : "the loss");
        return new RunFailedException(
            $"training: step {optimizer.CompletedSteps + 1}: loss {loss}, gradient norm {norm}; '{tensor}' is the first tensor that is not finite; "
            + "the last good checkpoint is kept; lower --rate or check the data");
    }

    private IEnumerable<ParameterSegment> Segments()
    {
        int offset = 0;
        foreach (var parameter in step.Parameters.Trained)
        {
            int length = checked((int)parameter.Spec.Shape.Count);
            yield return new ParameterSegment(offset, length, parameter.Spec.WeightDecay ? 1 : 0);
            offset += length;
        }
    }
}
