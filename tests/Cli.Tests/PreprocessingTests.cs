using System.Text.Json;
using Robustify.Native.Data.Images;

namespace Robustify.Cli.Tests;

/// <summary>How pictures become a model's input: told by the options, kept in the checkpoint, used by every verb.</summary>
public sealed class PreprocessingTests : IDisposable
{
    private static readonly string[] Own = ["--mean", "0.4", "--std", "0.3", "--crop", "0.5", "--interpolation", "nearest"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WhatTrainingWasToldIsInTheCheckpointAndPredictUsesIt()
    {
        string run = Pretrain();
        var inspected = Parse(Call.Succeeding("inspect", run, "--json").Out);
        Assert.Equal("[0.4]", inspected.GetProperty("mean").GetRawText().Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(0.5, inspected.GetProperty("crop_ratio").GetDouble());
        Assert.Equal("nearest", inspected.GetProperty("interpolation").GetString());
        Assert.Equal("the checkpoint", inspected.GetProperty("preprocessing_from").GetString());

        // 112 pixels to 56 by the nearest, the middle 28 of them: every second pixel of the middle half.
        var large = new Image8(112, 112, 1);
        var middle = new Image8(28, 28, 1);
        for (int i = 0; i < large.Pixels.Length; i++)
            large.Pixels[i] = (byte)(i % 112 * 7 + i / 112 * 13);
        for (int i = 0; i < middle.Pixels.Length; i++)
            middle.Pixels[i] = large.Pixels[(28 + 2 * (i / 28) + 1) * 112 + 28 + 2 * (i % 28) + 1];
        ImageFile.Write(folder.PathOf("large.png"), large, ImageEncoding.Png, 85);
        ImageFile.Write(folder.PathOf("middle.png"), middle, ImageEncoding.Png, 85);
        Assert.Equal(Answer(run, "middle.png"), Answer(run, "large.png"));
        Assert.NotEqual(Answer(run, "large.png"), Answer(run, "large.png", "--crop", "1"));
        Assert.NotEqual(Answer(run, "middle.png"), Answer(run, "middle.png", "--mean", "0.1"));
    }

    [Fact]
    public void ATeacherOfOtherStatisticsIsRefusedWithWhatToDo()
    {
        var call = Call.InProcess(
            "distill", "--student", TinyData.Model, "--teacher", Pretrain(), "--data", TinyData.Directory, "--batch", "16", "--out", folder.PathOf("robust"));
        Assert.Equal(2, call.Code);
        Assert.Contains("mean 0.4 and deviation 0.3", Assert.Single(call.ErrorLines));
        Assert.Contains("teach --mean 0.286 --std 0.353", call.Error);
        Assert.False(Directory.Exists(folder.PathOf("robust")));
    }

    [Fact]
    public void BenchTakesWhatTheCheckpointsAskForUnlessTheyDifferOrAProtocolIsNamed()
    {
        string run = Pretrain();
        Assert.Equal("checkpoint", Protocol(out string quiet, "own=" + run));
        Assert.DoesNotContain("preprocessing:", quiet);
        Assert.Equal("hendrycks-224, as the checkpoints differ", Protocol(out string warned, "own=" + run, "other=" + TinyData.Model));
        Assert.Contains($"'{run}' wants", warned);
        Assert.Contains("shorter side to 56 (nearest), centre crop 28", warned);
        Assert.Equal("timm", Protocol(out quiet, "own=" + run, "other=" + TinyData.Model, "--protocol", "timm"));
        Assert.DoesNotContain("preprocessing:", quiet);
        Assert.Equal("checkpoint", Protocol(out _, "own=" + run, "other=" + TinyData.Model, "--crop", "1", "--interpolation", "box"));
    }

    [Theory]
    [InlineData("--mean", "0.1,0.2,0.3", "mean of 3 channels found, 1 expected")]
    [InlineData("--mean", "grey", "--mean: 'grey' found, numbers")]
    [InlineData("--std", "0", "both must be finite and the deviation above 0")]
    [InlineData("--interpolation", "magic", "'magic' found, one of nearest, box")]
    [InlineData("--crop", "1.5", "0.05..1")]
    public void OptionsOutsideTheirRangeAreRefusedInOneLine(string option, string value, string expected)
    {
        var call = Call.InProcess("inspect", TinyData.Model, option, value);
        Assert.Equal(2, call.Code);
        Assert.Contains(expected, Assert.Single(call.ErrorLines));
    }

    [Fact]
    public void ConvertRecordsWhatItIsTold()
    {
        Call.Succeeding(["convert", TinyData.Model, folder.PathOf("told.safetensors"), .. Own]);
        var inspected = Parse(Call.Succeeding("inspect", folder.PathOf("told.safetensors"), "--json").Out);
        Assert.Equal((0.5, "nearest"), (inspected.GetProperty("crop_ratio").GetDouble(), inspected.GetProperty("interpolation").GetString()));
    }

    private string Pretrain()
    {
        string run = folder.PathOf("own");
        if (!Directory.Exists(run))
            Call.Succeeding(["pretrain", "--model", "resnet_fashion", "--data", TinyData.Directory, "--epochs", "1", "--batch", "32", "--out", run, .. Own]);
        return run;
    }

    private string Answer(string run, string picture, params string[] options)
    {
        var call = Call.Succeeding(["predict", folder.PathOf(picture), "--model", run, "--top", "10", "--json", .. options]);
        return Assert.Single(Parse(call.Out).GetProperty("predictions").EnumerateArray()).GetProperty("classes").GetRawText();
    }

    private string Protocol(out string said, params string[] modelsAndOptions)
    {
        string run = folder.PathOf("bench");
        string[] arguments = ["bench", "--data", TinyData.Directory, "--test-limit", "10", "--corruption", "none", "--out", run];
        var models = modelsAndOptions.TakeWhile(a => !a.StartsWith("--", StringComparison.Ordinal)).SelectMany(a => (string[])["--model", a]);
        var call = Call.Succeeding([.. arguments, .. models, .. modelsAndOptions.SkipWhile(a => !a.StartsWith("--", StringComparison.Ordinal))]);
        said = call.Error;
        return Parse(File.ReadAllText(Path.Combine(run, "results.json"))).GetProperty("protocol").GetProperty("preprocessing").GetString()!;
    }

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
