using System.Diagnostics;
using System.Globalization;

namespace Robustify.Benchmarks.Corruptions;

/// <summary>The Python twin as a process that is asked for one measurement at a time.</summary>
internal sealed class Twin : IDisposable
{
    private readonly Process process;

    public Twin(string program, string[] arguments)
    {
        process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{program} did not start");
        Versions = ReadLine();
    }

    /// <summary>What it runs on.</summary>
    public string Versions { get; }

    /// <summary>Calls it for so long.</summary>
    public Times Time(string corruption, int severity, double seconds)
    {
        process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{corruption} {severity} {seconds}"));
        process.StandardInput.Flush();
        double[] numbers = [.. ReadLine().Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        return new(numbers[0], numbers[1]);
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private string ReadLine() => process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the Python twin ended; its complaint stands above");

    /// <summary>Milliseconds a call.</summary>
    public readonly record struct Times(double Best, double Median);
}
