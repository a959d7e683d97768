using System.Diagnostics;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Planning;
using Robustify.Native.Runs;

namespace Robustify.Native.Training;

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
    private readonly PhaseClock clock = new();
    private readonly DeviceTimer timer;
    private readonly TrainingMeter meter = new();
    private readonly AnswerCount answers;
    private readonly int[] lastLabels;
    private int unreadSteps;
    private double lastLoss = double.NaN;
    private (long Images, TimeSpan Time) intervalStart, epochStart;

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
        answers = new AnswerCount(step, backend.IsHostMemory);
        lastLabels = new int[loader.BatchSize];
        timer = backend.CreateTimer();
    }

    /// <summary>Images of a step, not counting views.</summary>
    internal int BatchSize => loader.BatchSize;

    /// <summary>Bytes of the optimizer's state.</summary>
    internal long OptimizerBytes => optimizerMemory.Bytes;

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps => (long)options.Epochs * loader.BatchCount;

    /// <summary>Called at the end of each epoch; saves what should be saved.</summary>
    public Action<TrainingRecord>? EpochEnded { get; set; }

    /// <summary>Called every <see cref="RecordOptions.LogEvery"/> steps.</summary>
    internal Action<TrainingRecord>? StepsLogged { get; set; }

    /// <summary>Called every <see cref="RecordOptions.SaveEvery"/> steps but at the end of an epoch; saves what should be saved.</summary>
    internal Action? SaveDue { get; set; }

    /// <summary>Called with the z-scores of loss and gradient norm where one is an outlier; the other is NaN then.</summary>
    internal Action<TrainingRecord, double, double>? OutlierFound { get; set; }

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
        intervalStart = epochStart = Now;
        for (int epoch = (int)(first / loader.BatchCount); epoch < options.Epochs; epoch++)
        {
            int finished = (int)(optimizer.CompletedSteps % loader.BatchCount);
            if (finished == 0)
            {
                meter.BeginEpoch();
                epochStart = Now;
            }

            loader.StartEpoch(epoch, finished);
            while (NextBatch() is { } batch)
            {
                if (cancellation.IsCancellationRequested)
                    RequireFinite();
                cancellation.ThrowIfCancellationRequested();
                double loss = Step(batch);
                progress.Report(optimizer.CompletedSteps - first, loss);
                Record(epoch);
            }

            if (unreadSteps > 0)
            {
                ReadLosses();
                TellOutlier(epoch);
            }

            var record = Describe(epoch, meter.EpochLoss, meter.EpochAccuracy, epochStart);
            Pause(() => EpochEnded?.Invoke(record));
        }

        watch.Stop();
        progress.End();
        return new TrainingCost(
            watch.Elapsed.TotalSeconds, optimizer.CompletedSteps * loader.BatchSize, optimizer.CompletedSteps, step.Parameters.TrainedCount);
    }

    /// <summary>Wall time of the steps so far, without saving and validation.</summary>
    internal double Seconds => watch.Elapsed.TotalSeconds;

    /// <summary>Time that the device computed in so far; waits for it.</summary>
    internal double DeviceSeconds => timer.Seconds();

    /// <summary>Time of a phase so far: of the step's own where it computes when it is called, else <see cref="WorkPhase.Step"/> is all of it.</summary>
    internal double PhaseSeconds(WorkPhase phase) => phase switch
    {
        WorkPhase.Step => backend.IsHostMemory ? 0 : DeviceSeconds,
        WorkPhase.Decode => loader.DecodeSeconds,
        WorkPhase.Augment => loader.AugmentSeconds,
        _ => clock.Seconds(phase) + (step.Phases?.Seconds(phase) ?? 0),
    };

    private Batch? NextBatch()
    {
        long start = Stopwatch.GetTimestamp();
        var batch = loader.Next();
        clock.Add(WorkPhase.Wait, start);
        return batch;
    }

    private (long Images, TimeSpan Time) Now => (optimizer.CompletedSteps * loader.BatchSize, watch.Elapsed);

    private bool IsLineDue => optimizer.CompletedSteps % options.Record.LogEvery == 0;

    private bool IsSaveDue => optimizer.CompletedSteps % options.Record.SaveEvery == 0;

    private bool IsEpochOver => optimizer.CompletedSteps % loader.BatchCount == 0;

    /// <summary>Tells what is due after a step. The end of an epoch saves by itself, after its line.</summary>
    private void Record(int epoch)
    {
        if (unreadSteps == 0)
            TellOutlier(epoch);
        if (IsLineDue)
        {
            StepsLogged?.Invoke(Describe(epoch, meter.IntervalLoss, meter.IntervalAccuracy, intervalStart));
            meter.BeginInterval();
            intervalStart = Now;
        }

        if (IsSaveDue && !IsEpochOver)
            Pause(() => SaveDue?.Invoke());
    }

    private void TellOutlier(int epoch)
    {
        if (!double.IsNaN(meter.LossOutlier) || !double.IsNaN(meter.NormOutlier))
            OutlierFound?.Invoke(Describe(epoch, lastLoss, double.NaN, intervalStart), meter.LossOutlier, meter.NormOutlier);
    }

    /// <summary>Does what is no training: it is not counted in the time.</summary>
    private void Pause(Action work)
    {
        watch.Stop();
        work();
        watch.Start();
    }

    private TrainingRecord Describe(int epoch, double loss, double accuracy, (long Images, TimeSpan Time) since)
    {
        var now = Now;
        return new TrainingRecord(
            epoch, optimizer.CompletedSteps, loss, accuracy, meter.GradientNorm, schedule.RateAt(optimizer.CompletedSteps - 1),
            now.Images - since.Images, (now.Time - since.Time).TotalSeconds);
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
        timer.Start();
        step.Compute(backend, batch);
        double loss = 0;
        for (int i = 0; i < step.Losses.Count; i++)
            loss += backend.DownloadScalar<float>(step.Losses[i].Value.View);
        long start = Stopwatch.GetTimestamp();
        double norm = optimizer.ClipGradients();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw Diverged(loss, norm);
        optimizer.Step(schedule.RateAt(optimizer.CompletedSteps));
        clock.Add(WorkPhase.Update, start);
        timer.Stop();
        meter.Observe(loss, 1, answers.Correct(backend, batch.Labels), answers.Rows, norm);
        return lastLoss = loss;
    }

    /// <summary>Queues a step and looks at the losses now and then.</summary>
    private double StepAhead(Batch batch)
    {
        step.Fill(backend, batch);
        optimizer.Prepare(schedule.RateAt(optimizer.CompletedSteps));
        timer.Start();
        wholeStep.Run();
        timer.Stop();
        optimizer.CountStep();
        // By the number of the step alone, so that a resumed run adds up the same groups of steps.
        batch.Labels.CopyTo(lastLabels);
        if (++unreadSteps >= options.StepsBetweenReads || IsLineDue || IsSaveDue)
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
        var (total, norm) = RequireFinite();
        lastLoss = total / unreadSteps;
        backend.Upload<float>([0], lossTotal);
        meter.Observe(total, unreadSteps, answers.Correct(backend, lastLabels), answers.Rows, norm);
        unreadSteps = 0;
    }

    /// <summary>Looks at what steps left on the device, and leaves it there.</summary>
    private (float Total, double Norm) RequireFinite()
    {
        if (unreadSteps == 0)
            return (0, 0);
        float total = backend.DownloadScalar<float>(lossTotal);
        double norm = optimizer.ReadNorm();
        return double.IsFinite(total) && double.IsFinite(norm) ? (total, norm) : throw Diverged((double)total / unreadSteps, norm);
    }

    /// <summary>Numbers of <see cref="Snapshot"/>.</summary>
    internal const int SnapshotLength = TrainingMeter.StateLength + 3;

    /// <summary>Numbers that a resumed run goes on from beside tensors, optimizer and step: what it has shown and not yet shown.</summary>
    internal double[] Snapshot()
    {
        double[] state = new double[SnapshotLength];
        meter.Write(state);
        state[^3] = unreadSteps == 0 ? 0 : backend.DownloadScalar<float>(lossTotal);
        (state[^2], state[^1]) = (unreadSteps, lastLoss);
        return state;
    }

    /// <summary>Goes on from <see cref="Snapshot"/>.</summary>
    internal void Restore(ReadOnlySpan<double> state)
    {
        meter.Read(state);
        backend.Upload<float>([(float)state[^3]], lossTotal);
        (unreadSteps, lastLoss) = ((int)state[^2], state[^1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        wholeStep.Dispose();
        timer.Dispose();
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
