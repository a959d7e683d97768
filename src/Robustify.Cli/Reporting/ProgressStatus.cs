using System.Diagnostics;
using System.Globalization;

namespace Robustify.Cli.Reporting;

/// <summary>How far a phase is: set by the thread that works, read by the one that draws.</summary>
internal sealed class ProgressStatus(long total, string unit, Stopwatch watch)
{
    private long done;
    private double loss = double.NaN;
    private volatile string words = "";

    /// <summary>Units in all.</summary>
    public long Total => total;

    /// <summary>Units done.</summary>
    public long Done => Volatile.Read(ref done);

    /// <summary>Words that follow the numbers.</summary>
    public string Words
    {
        get => words;
        set => words = value;
    }

    public void Set(long done, double loss)
    {
        Volatile.Write(ref this.done, done);
        Volatile.Write(ref this.loss, loss);
    }

    /// <summary>Rate, time left and loss: <c>12.3 steps/s, 0:01:20 left, loss 0.4321</c>.</summary>
    public override string ToString()
    {
        long finished = Done;
        double rate = finished / Math.Max(1e-3, watch.Elapsed.TotalSeconds), latest = Volatile.Read(ref loss);
        if (finished == 0)
            return "";
        var left = TimeSpan.FromSeconds(Math.Round((total - finished) / rate));
        string text = string.Create(CultureInfo.InvariantCulture, $"{rate:F1} {unit}/s, {left:g} left");
        if (!double.IsNaN(latest))
            text += string.Create(CultureInfo.InvariantCulture, $", loss {latest:F4}");
        return Words.Length == 0 ? text : $"{text}, {Words}";
    }
}
