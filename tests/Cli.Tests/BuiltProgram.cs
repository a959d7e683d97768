using System.Diagnostics;

namespace Robustify.Cli.Tests;

/// <summary>The built program as a process of its own.</summary>
internal static class BuiltProgram
{
    private static readonly string Library = Path.Combine(AppContext.BaseDirectory, "robustify.dll");

    /// <summary>Runs to the end.</summary>
    public static Call Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Call(process.ExitCode, output, error.Result);
    }

    /// <summary>Starts, with both outputs to be read by the caller.</summary>
    public static Process Start(params string[] arguments)
    {
        // A shell that runs the tests in the background has them ignore Ctrl-C, which children would inherit.
        string[] defaultSignals = OperatingSystem.IsLinux() ? ["--default-signal=INT,TERM"] : [];
        var start = new ProcessStartInfo("env") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[.. defaultSignals, Environment.ProcessPath is { } host && IsDotnet(host) ? host : "dotnet", Library, .. arguments])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Sends a signal by its short name.</summary>
    public static void Signal(Process process, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", process.Id.ToString()]);
        kill.WaitForExit();
    }

    private static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";
}
