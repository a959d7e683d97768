using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>What <c>convert</c> writes and <c>inspect</c> says of it.</summary>
public sealed class ConvertTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AnOverriddenPreprocessingIsRecordedAndShown()
    {
        string target = folder.PathOf("fixed.safetensors");
        Call.Succeeding("convert", TinyData.Model, target, "--mean", "0.25", "--std", "0.5", "--crop-ratio", "0.875", "--interpolation", "bicubic");
        var shown = Inspect(target);
        Assert.Equal(0.25, shown.GetProperty("mean")[0].GetDouble());
        Assert.Equal(0.5, shown.GetProperty("std")[0].GetDouble());
        Assert.Equal(0.875, shown.GetProperty("crop_ratio").GetDouble());
        Assert.Equal("bicubic", shown.GetProperty("interpolation").GetString());
        Assert.Equal("the checkpoint", shown.GetProperty("preprocessing_from").GetString());
    }

    [Fact]
    public void HalfPrecisionHalvesTheFileAndKeepsTheArchitecture()
    {
        string full = folder.PathOf("full.safetensors"), half = folder.PathOf("half.safetensors");
        Call.Succeeding("convert", TinyData.Model, full, "--dtype", "f32");
        Call.Succeeding("convert", full, half, "--dtype", "bf16");
        // The header is the same, and what it announces half as long.
        Assert.InRange(new FileInfo(half).Length, new FileInfo(full).Length * 0.45, new FileInfo(full).Length * 0.6);
        Assert.Equal(Inspect(full).GetProperty("architecture").GetString(), Inspect(half).GetProperty("architecture").GetString());
    }

    [Fact]
    public void PlannedMemoryGrowsWithTheBatch()
    {
        long one = Inspect(TinyData.Model).GetProperty("inference_bytes").GetInt64();
        Assert.InRange(Inspect(TinyData.Model, "--batch", "8").GetProperty("inference_bytes").GetInt64(), 6 * one, 9 * one);
    }

    [Fact]
    public void WhatCannotBeConvertedIsRefusedAndNothingWritten()
    {
        string target = folder.PathOf("no.onnx");
        var call = Call.InProcess("convert", TinyData.Model, target, "--dtype", "f16");
        Assert.Equal(2, call.Code);
        Assert.Contains("--dtype", Assert.Single(call.ErrorLines));
        Assert.Equal(2, Call.InProcess("convert", "vit_fashion", folder.PathOf("x.safetensors")).Code);
        Assert.Equal(2, Call.InProcess("convert", TinyData.Model, folder.PathOf("x.safetensors"), "--mean", "half").Code);
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(target)!));
    }

    private static JsonElement Inspect(string model, params string[] options)
    {
        using var document = JsonDocument.Parse(Call.Succeeding(["inspect", model, "--json", .. options]).Out);
        return document.RootElement.Clone();
    }
}
