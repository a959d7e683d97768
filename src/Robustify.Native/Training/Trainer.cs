using System.Diagnostics;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Planning;
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
    // The sum of losses, on a cache line of its own before the optimizer's state.
    private const int TotalBytes = 64;

    private readonly IBackend backend;
    private readonly ITrainingStep step;
    private readonly BatchLoader loader;
    private readonly TrainerOptions options;
    private readonly DeviceBuffer optimizerMemory;
    private readonly RepeatedWork wholeStep;
    private readonly TensorView lossTotal;
    private readonly Optimizer optimizer;
    private readonly LearningRateSchedule schedule;
    private readonly Stopwatch watch = new();
    private double lossSum;
    private long lossCount;
    private int unreadSteps;
    private double lastLoss = double.NaN;

    /// <summary>Makes the optimizer; its memory is taken here.</summary>
    public Trainer(IBackend backend, ITrainingStep step, BatchLoader loader, TrainerOptions options)
    {
        options.Validate();
        (this.backend, this.step, this.loader, this.options) = (backend, step, loader, options);
        var parameters = step.Parameters;
        long stateLength = Optimizer.StateLength(options.Optimizer, parameters.TrainedCount);
        optimizerMemory = backend.Allocate(TotalBytes + stateLength * sizeof(float), "optimizer state");
        lossTotal = optimizerMemory.View(0, new Shape(1));
        var state = stateLength == 0 ? default : optimizerMemory.View(TotalBytes, new Shape(checked((int)stateLength)));
        wholeStep = new RepeatedWork(backend, QueueStep);
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
                if (cancellation.IsCancellationRequested)
                    ReadLosses();
                cancellation.ThrowIfCancellationRequested();
                double loss = Step(batch);
                progress.Report(optimizer.CompletedSteps - first, loss);
            }

            ReadLosses();
            EpochEnded?.Invoke(epoch, lossSum / Math.Max(1, lossCount));
        }

        watch.Stop();
        progress.End();
        return new TrainingCost(
            watch.Elapsed.TotalSeconds, optimizer.CompletedSteps * loader.BatchSize, optimizer.CompletedSteps, step.Parameters.TrainedCount);
    }

    /// <summary>One step on a batch: forward, backward, clip, update.</summary>
    /// <returns>
    /// The sum of the losses. On a device that queues its work losses are read only every <see cref="TrainerOptions.StepsBetweenReads"/>
    /// steps: the mean since the reading before, as of the last reading; NaN before the first.
    /// </returns>
    public double Step(Batch batch)
    {
        return backend.IsHostMemory ? StepAndRead(batch) : StepAhead(batch);
    }

    private double StepAndRead(Batch batch)
    {
        step.Compute(backend, batch);
        double loss = 0;
        for (int i = 0; i < step.Losses.Count; i++)
            loss += backend.DownloadScalar<float>(step.Losses[i].Value.View);
        double norm = optimizer.ClipGradients();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw Diverged(loss, norm);
        optimizer.Step(schedule.RateAt(optimizer.CompletedSteps));
        lossSum += loss;
        lossCount++;
        return loss;
    }

    /// <summary>Queues a step and looks at the losses now and then.</summary>
    private double StepAhead(Batch batch)
    {
        step.Fill(backend, batch);
        optimizer.Prepare(schedule.RateAt(optimizer.CompletedSteps));
        wholeStep.Run();
        optimizer.CountStep();
        if (++unreadSteps >= options.StepsBetweenReads)
            ReadLosses();
        return lastLoss;
    }

    /// <summary>Everything between two batches, on the device alone.</summary>
    private void QueueStep()
    {
        step.Run(backend);
        for (int i = 0; i < step.Losses.Count; i++)
            backend.Copy(step.Losses[i].Value.View, lossTotal, accumulate: true);
        optimizer.QueueClipping();
        optimizer.QueueUpdate();
    }

    /// <summary>Reads what steps left on the device since the last time.</summary>
    private void ReadLosses()
    {
        if (unreadSteps == 0)
            return;
        double total = backend.DownloadScalar<float>(lossTotal), norm = optimizer.ReadNorm();
        lastLoss = total / unreadSteps;
        if (!double.IsFinite(total) || !double.IsFinite(norm))
            throw Diverged(lastLoss, norm);
        backend.Upload<float>([0], lossTotal);
        lossSum += total;
        lossCount += unreadSteps;
        unreadSteps = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        wholeStep.Dispose();
        optimizer.Dispose();
        optimizerMemory.Dispose();
    }

    private RunFailedException Diverged(double loss, double norm)
    {
        string tensor = step.FindNonFinite(backend) ?? (double.IsFinite(loss) ? "the gradient norm" : "the loss");
        return new RunFailedException(
            $"training: step {StepsInQuestion()}: loss {loss}, gradient norm {norm}; '{tensor}' is the first tensor that is not finite; "
            + "the last good checkpoint is kept; lower --rate or check the data");
    }

    // On a device that queues steps, the first bad one is among those since the last reading.
    private string StepsInQuestion() => unreadSteps switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{optimizer.CompletedSteps + 1}"),
        1 => string.Create(CultureInfo.InvariantCulture, $"{optimizer.CompletedSteps}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{optimizer.CompletedSteps - unreadSteps + 1}..{optimizer.CompletedSteps}"),
    };

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
