using System.Text.Json;

namespace Robustify.Cli.Tests;

public sealed class SelftestTests
{
    [Fact]
    public void The_cpu_passes_every_case_and_the_counts_add_up()
    {
        using var result = JsonDocument.Parse(Call.Succeeding("selftest", "--device", "cpu", "--json").Out);
        var root = result.RootElement;
        int cases = root.GetProperty("cases").GetInt32();
        Assert.Equal((cases, 0), (root.GetProperty("passed").GetInt32(), root.GetProperty("failed").GetInt32()));
        int CasesOf(string check) => root.GetProperty(check).GetProperty("cases").GetInt32();
        Assert.Equal((cases, cases), (CasesOf("parity") + CasesOf("gradient") + CasesOf("images"), CasesOf("determinism")));
        Assert.True(CasesOf("gradient") > 0);
        Assert.All((string[])["parity", "gradient", "images", "determinism"], check => Assert.Equal(0, root.GetProperty(check).GetProperty("failed").GetInt32()));
        var operations = root.GetProperty("operations").EnumerateArray().ToList();
        Assert.Equal(cases, operations.Sum(operation => operation.GetProperty("cases").GetInt32()));
        Assert.All(operations, operation => Assert.InRange(operation.GetProperty("worst_of_allowed").GetDouble(), 0, 1));
        string[] tested = [.. operations.Select(operation => operation.GetProperty("operation").GetString()!)];
        foreach (string operation in (string[])["Linear", "AttentionGradient", "ConvolutionWeightGradient", "BatchNormGradient", "AdamWStep", "Distillation", "fog", "augmix", "noise2net", "standard"])
            Assert.Contains(operation, tested);
    }

    [Fact]
    public void Without_a_driver_the_line_says_what_was_looked_for()
    {
        if (Call.InProcess("doctor").Out.Contains("cuda device 0"))
            return; // A machine with a device has nothing to complain of.
        var call = Call.InProcess("selftest", "--device", "cuda");
        Assert.Equal(2, call.Code);
        string line = Assert.Single(call.ErrorLines);
        Assert.Contains("robustify doctor", line);
        Assert.Contains("--device cpu", line);
    }

    [Fact]
    public void Doctor_lists_every_driver_name_it_tried()
    {
        using var found = JsonDocument.Parse(Call.Succeeding("doctor", "--json").Out);
        Assert.Contains("libcuda.so.1: ", found.RootElement.GetProperty("cuda_driver_tried").GetString());
        Assert.Contains("files, ", found.RootElement.GetProperty("kernel_cache").GetString());
    }

    [Fact]
    public void Cache_tells_and_clears_the_directory_of_the_environment()
    {
        using var folder = new TemporaryFolder();
        string? before = Environment.GetEnvironmentVariable("ROBUSTIFY_CACHE");
        Environment.SetEnvironmentVariable("ROBUSTIFY_CACHE", folder.Root);
        try
        {
            File.WriteAllBytes(Path.Combine(folder.Root, "a.cubin"), new byte[100]);
            File.WriteAllBytes(Path.Combine(folder.Root, "mine.bin"), new byte[7]);
            Assert.Equal($"{folder.Root}: 1 files, 0.0 MiB", Call.Succeeding("cache").Out.Trim());
            using var cleared = JsonDocument.Parse(Call.Succeeding("cache", "--clear", "--json").Out);
            Assert.Equal((true, 100), (cleared.RootElement.GetProperty("cleared").GetBoolean(), cleared.RootElement.GetProperty("bytes").GetInt32()));
            Assert.Equal(["mine.bin"], Directory.GetFiles(folder.Root).Select(Path.GetFileName));
        }
        finally
        {
            Environment.SetEnvironmentVariable("ROBUSTIFY_CACHE", before);
        }
    }
}
