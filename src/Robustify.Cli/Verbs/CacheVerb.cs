using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Cli.Verbs;

/// <summary>Says what the cache of compiled kernels holds, or empties it.</summary>
internal static class CacheVerb
{
    public static Command Create(Invocation invocation)
    {
        var clear = new FlagOption("--clear", "delete compiled kernels and timed choices; the next start on a CUDA device makes them anew");
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("cache", "Say what the cache of compiled CUDA kernels holds, or empty it.") { clear, json };
        command.SetAction(parse =>
        {
            var cache = new KernelCache(KernelCache.DefaultDirectory(), invocation.Error.WriteLine);
            bool clears = clear.Of(parse);
            (int files, long bytes) = clears ? cache.Clear() : cache.Contents();
            if (json.Of(parse))
            {
                JsonOutput.Write(invocation.Out, writer =>
                {
                    writer.WriteString("directory", cache.Directory);
                    writer.WriteBoolean("cleared", clears);
                    writer.WriteNumber("files", files);
                    writer.WriteNumber("bytes", bytes);
                });
                return ExitCode.Done;
            }

            invocation.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{cache.Directory}: {files} files, {bytes / 1048576.0:F1} MiB{(clears ? " deleted" : "")}"));
            return ExitCode.Done;
        });
        return command;
    }
}
