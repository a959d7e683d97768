namespace Robustify.Native.Training;

/// <summary>
/// Running sums of what a training run shows: since the last line of metrics and since the epoch began. Its whole state can be written and
/// read, so that a resumed run tells what the undisturbed one would.
/// </summary>
internal sealed class TrainingMeter
{
    /// <summary>Numbers of <see cref="Write"/>.</summary>
    public const int StateLength = 2 * SumLength + 1 + 2 * OutlierAlarm.StateLength;

    private const int SumLength = 4;

    private readonly OutlierAlarm lossAlarm = new(), normAlarm = new();
    private Sums epoch, interval;

    /// <summary>Global gradient norm of the last step that was looked at.</summary>
    public double GradientNorm { get; private set; } = double.NaN;

    /// <summary>Mean loss of the epoch so far.</summary>
    public double EpochLoss => epoch.MeanLoss;

    /// <summary>Share of rows of the epoch so far that were right.</summary>
    public double EpochAccuracy => epoch.Accuracy;

    /// <summary>Mean loss since <see cref="BeginInterval"/>.</summary>
    public double IntervalLoss => interval.MeanLoss;

    /// <summary>Share of rows since <see cref="BeginInterval"/> that were right.</summary>
    public double IntervalAccuracy => interval.Accuracy;

    /// <summary>z-score of the loss where the last observation was an outlier, else NaN.</summary>
    public double LossOutlier { get; private set; } = double.NaN;

    /// <summary>z-score of the gradient norm where the last observation was an outlier, else NaN.</summary>
    public double NormOutlier { get; private set; } = double.NaN;

    /// <summary>Takes what was read after some steps.</summary>
    /// <param name="lossSum">Sum of the steps' losses.</param>
    /// <param name="steps">How many.</param>
    /// <param name="correct">Rows that were right in the last of them.</param>
    /// <param name="rows">Labelled rows in the last of them.</param>
    /// <param name="norm">Gradient norm of the last of them.</param>
    public void Observe(double lossSum, int steps, int correct, int rows, double norm)
    {
        epoch.Add(lossSum, steps, correct, rows);
        interval.Add(lossSum, steps, correct, rows);
        GradientNorm = norm;
        LossOutlier = lossAlarm.Observe(lossSum / steps);
        NormOutlier = normAlarm.Observe(norm);
    }

    /// <summary>Begins an epoch's sums.</summary>
    public void BeginEpoch() => epoch = default;

    /// <summary>Begins the sums of a line of metrics.</summary>
    public void BeginInterval() => interval = default;

    /// <summary>Writes everything.</summary>
    public void Write(Span<double> state)
    {
        epoch.Write(state);
        interval.Write(state[SumLength..]);
        state[2 * SumLength] = GradientNorm;
        lossAlarm.Write(state[(2 * SumLength + 1)..]);
        normAlarm.Write(state[(2 * SumLength + 1 + OutlierAlarm.StateLength)..]);
    }

    /// <summary>Continues from what <see cref="Write"/> wrote.</summary>
    public void Read(ReadOnlySpan<double> state)
    {
        epoch.Read(state);
        interval.Read(state[SumLength..]);
        GradientNorm = state[2 * SumLength];
        lossAlarm.Read(state[(2 * SumLength + 1)..]);
        normAlarm.Read(state[(2 * SumLength + 1 + OutlierAlarm.StateLength)..]);
    }

    private struct Sums
    {
        private double loss, steps, correct, rows;

        public readonly double MeanLoss => loss / Math.Max(1, steps);

        public readonly double Accuracy => correct / rows;

        public void Add(double lossSum, int count, int right, int labeled)
        {
            loss += lossSum;
            steps += count;
            correct += right;
            rows += labeled;
        }

        public readonly void Write(Span<double> state) => (state[0], state[1], state[2], state[3]) = (loss, steps, correct, rows);

        public void Read(ReadOnlySpan<double> state) => (loss, steps, correct, rows) = (state[0], state[1], state[2], state[3]);
    }
}
