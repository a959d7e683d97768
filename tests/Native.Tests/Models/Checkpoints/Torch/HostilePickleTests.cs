using System.Text;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Checkpoints.Torch;

namespace Robustify.Native.Tests.Models.Checkpoints.Torch;

/// <summary>Pickles whose objects are many times larger than their text: what they take is bounded by the file's size.</summary>
public sealed class HostilePickleTests
{
    private const int Operations = 1 << 20;

    // Everything that is allocated is counted here: also what a list that grows leaves behind (as much again), and arguments on their way.
    private const int GrowthFactor = 3;
    private const long FixedBudget = 4 << 20;

    [Theory]
    [InlineData("}", "asks for more than")] // a dictionary for each byte
    [InlineData("]", "asks for more than")]
    [InlineData("N\u0094", "asks for more than")] // the memo
    [InlineData("K\u00ff", "asks for more than")]
    [InlineData("N\u0085", "asks for more than")] // a tuple around each tuple
    [InlineData("(", "asks for more than")]
    [InlineData("\u008c\u0001x", "asks for more than")]
    [InlineData("]2a", "asks for more than")] // lists in themselves
    [InlineData("}22s", "asks for more than")]
    public void WhatAPickleMakesTakesNoMoreThanTwiceItsFile(string operations, string refusal)
    {
        byte[] repeated = Encoding.Latin1.GetBytes(operations), pickle = new byte[2 + (Operations / repeated.Length * repeated.Length)];
        (pickle[0], pickle[1]) = (0x80, 2);
        for (int at = 2; at < pickle.Length; at += repeated.Length)
            repeated.CopyTo(pickle, at);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RawSafetensors.Refuses(refusal, () => Unpickler.Read("model.pth", pickle, pickle.Length).Root);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, GrowthFactor * (pickle.Length + FixedBudget));
    }

    [Fact]
    public void TensorsOutOfOneStorageTakeNoMoreThanTwiceTheFile()
    {
        // 1000 names for one storage of 64 KiB: 64 MB of weights in a file of some hundred kilobytes.
        var archive = new TorchArchive().Start().Raw((byte)'}', (byte)'(');
        for (int i = 0; i < 1000; i++)
            archive.Text($"t{i}").Floats("0", new float[1 << 14], 1 << 14);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model.pth"), archive.Raw((byte)'u').End());
        RawSafetensors.Refuses("more than twice the file's", () => TensorFiles.Open(folder.File("model.pth")).Dispose());
    }

    [Fact]
    public void ThousandsOfTensorsOfOneElementAreRead()
    {
        const int count = 3000;
        var archive = new TorchArchive().Start().Raw((byte)'}', (byte)'(');
        for (int i = 0; i < count; i++)
            archive.Text($"layers.{i}.bias").Floats($"{i}", [i], 1);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model.pth"), archive.Raw((byte)'u').End());
        using var file = TensorFiles.Open(folder.File("model.pth"));
        var value = new float[1];
        file.ReadSingles($"layers.{count - 1}.bias", value);
        Assert.Equal(count - 1, value[0]);
    }
}
