using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>Patches and token sequences: copies, so exact, and a few sums.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(2, 8, 12, 4, 3)]
    [InlineData(3, 28, 28, 4, 1)]
    [InlineData(1, 6, 4, 2, 5)]
    [InlineData(2, 32, 32, 16, 3)]
    public void PatchesAreInRowColumnChannelOrderAndTheGradientGoesTheSameWay(int images, int height, int width, int patch, int channels)
    {
        using var tensors = new TestTensors(1);
        int across = width / patch, length = patch * patch * channels, count = height / patch * across;
        TensorView x = tensors.Normal(images, height, width, channels), y = tensors.Unwritten(images, count, length);
        TensorView dx = tensors.Unwritten(images, height, width, channels), onX = tensors.Copy(x);
        backend.Patchify(x, y, patch);
        backend.PatchifyGradient(y, dx, patch, accumulate: false);
        backend.PatchifyGradient(y, onX, patch, accumulate: true);
        for (int i = 0; i < x.Shape.Count; i++)
        {
            int channel = i % channels, column = i / channels % width, row = i / channels / width % height, image = i / channels / width / height;
            int position = row / patch * across + column / patch, inside = (row % patch * patch + column % patch) * channels + channel;
            Assert.Equal(x.Span[i], y.Span[(image * count + position) * length + inside]);
        }

        // A gradient that undoes the order gives x back; added to x, exactly twice x.
        Expect.SameBits(x.Span, dx.Span);
        Expect.SameBits([.. x.Span.ToArray().Select(value => 2 * value)], onX.Span);
    }

    [Theory]
    [InlineData(3, 4, 5, true)]
    [InlineData(3, 4, 5, false)]
    [InlineData(1, 1, 1, true)]
    [InlineData(70, 49, 33, true)]
    public void TokensAreClassTokenAndPatchesWithPositionsAdded(int samples, int patches, int width, bool hasClassToken)
    {
        using var tensors = new TestTensors(2);
        int skip = hasClassToken ? 1 : 0, tokens = patches + skip;
        TensorView x = tensors.Normal(samples, patches, width), positions = tensors.Normal(tokens, width), y = tensors.Unwritten(samples, tokens, width);
        var classToken = hasClassToken ? tensors.Normal(width) : TestTensors.Absent;
        backend.AssembleTokens(x, classToken, positions, y);
        for (int i = 0; i < y.Shape.Count; i++)
        {
            int column = i % width, token = i / width % tokens, sample = i / width / tokens;
            float content = token < skip ? classToken.Span[column] : x.Span[(sample * patches + token - skip) * width + column];
            Assert.Equal(content + positions.Span[token * width + column], y.Span[i]);
        }
    }

    [Theory]
    [InlineData(3, 4, 5, true, false)]
    [InlineData(3, 4, 5, false, true)]
    [InlineData(1, 1, 1, true, true)]
    [InlineData(70, 49, 33, true, false)]
    [InlineData(70, 49, 33, true, true)]
    public void GradientsOfTokensAreSumsOverTheSamples(int samples, int patches, int width, bool hasClassToken, bool accumulate)
    {
        using var tensors = new TestTensors(3);
        int skip = hasClassToken ? 1 : 0, tokens = patches + skip;
        var dy = tensors.Normal(samples, tokens, width);
        var dpatches = accumulate ? tensors.Normal(samples, patches, width) : tensors.Unwritten(samples, patches, width);
        var dpositions = accumulate ? tensors.Normal(tokens, width) : tensors.Unwritten(tokens, width);
        var dclass = !hasClassToken ? TestTensors.Absent : accumulate ? tensors.Normal(width) : tensors.Unwritten(width);
        double[] patchSums = Start(dpatches), positionSums = Start(dpositions), classSums = hasClassToken ? Start(dclass) : [];
        for (int i = 0; i < dy.Shape.Count; i++)
        {
            int column = i % width, token = i / width % tokens, sample = i / width / tokens;
            positionSums[token * width + column] += dy.Span[i];
            if (token < skip)
                classSums[column] += dy.Span[i];
            else
                patchSums[(sample * patches + token - skip) * width + column] += dy.Span[i];
        }

        backend.AssembleTokensGradient(dy, dpatches, dclass, dpositions, accumulate, accumulate);

        // Sums of at most 71 floats: a random walk of as many roundings of 2^-24.
        Expect.Close(patchSums, dpatches, 1e-6);
        Expect.Close(positionSums, dpositions, 1e-6);
        if (hasClassToken)
            Expect.Close(classSums, dclass, 1e-6);

        double[] Start(TensorView view) => accumulate ? Expect.Doubles(view) : new double[view.Shape.Count];
    }

    [Fact]
    public void AnAbsentDestinationIsLeftOut()
    {
        using var tensors = new TestTensors(4);
        TensorView dy = tensors.Normal(3, 5, 7), all = tensors.Unwritten(5, 7), alone = tensors.Unwritten(5, 7), dclass = tensors.Unwritten(7);
        backend.AssembleTokensGradient(dy, tensors.Unwritten(3, 4, 7), dclass, all, false, false);
        backend.AssembleTokensGradient(dy, TestTensors.Absent, TestTensors.Absent, alone, false, false);
        Expect.SameBits(all.Span, alone.Span);
        var classAlone = tensors.Unwritten(7);
        backend.AssembleTokensGradient(dy, TestTensors.Absent, classAlone, TestTensors.Absent, false, false);
        Expect.SameBits(dclass.Span, classAlone.Span);
    }

    [Fact]
    public void TheFirstTokenIsTakenAndOnlyItHasAGradient()
    {
        using var tensors = new TestTensors(5);
        TensorView x = tensors.Normal(3, 4, 19), y = tensors.Unwritten(3, 19), dy = tensors.Normal(3, 19);
        TensorView dx = tensors.Unwritten(3, 4, 19), onX = tensors.Copy(x);
        backend.SelectFirstToken(x, y);
        backend.SelectFirstTokenGradient(dy, dx, accumulate: false);
        backend.SelectFirstTokenGradient(dy, onX, accumulate: true);
        for (int i = 0; i < x.Shape.Count; i++)
        {
            int column = i % 19, token = i / 19 % 4, sample = i / 19 / 4;
            float gradient = token == 0 ? dy.Span[sample * 19 + column] : 0;
            Assert.Equal(gradient, dx.Span[i]);
            Assert.Equal(x.Span[i] + gradient, onX.Span[i]);
            if (token == 0)
                Assert.Equal(x.Span[i], y.Span[sample * 19 + column]);
        }
    }

    [Fact]
    public void ResultsHaveTheSameBitsForAnyWorkers() => WorkerCounts.GiveTheSameBits(6, (device, tensors) =>
    {
        TensorView images = tensors.Normal(65, 8, 8, 3), patches = tensors.Unwritten(65, 4, 48), y = tensors.Unwritten(65, 5, 48);
        TensorView classToken = tensors.Normal(48), positions = tensors.Normal(5, 48), dclass = tensors.Normal(48), dpositions = tensors.Normal(5, 48);
        TensorView dpatches = tensors.Unwritten(65, 4, 48), dimages = tensors.Normal(65, 8, 8, 3), first = tensors.Unwritten(65, 48);
        device.Patchify(images, patches, 4);
        device.AssembleTokens(patches, classToken, positions, y);
        device.AssembleTokensGradient(y, dpatches, dclass, dpositions, false, true);
        device.PatchifyGradient(dpatches, dimages, 4, accumulate: true);
        device.SelectFirstToken(y, first);
        return [patches, y, dpatches, dclass, dpositions, dimages, first];
    });
}
