using Robustify.Kernels.Cpu;
using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Tests.Evaluation.Transfer;

public sealed class NearestNeighborsTests
{
    private const double Temperature = 0.07;

    // More training images than are compared at a time, and more test images.
    [Fact]
    public void AnswersAreThoseOfPlainLoopsInDouble()
    {
        using var features = new RandomFeatures(8300, 270, 5, 4, spread: 2);
        int[] counts = [1, 5, 20, 200];
        var found = Run(features.Data, counts);
        double[][] bank = [.. features.AllTrain.Select(i => Unit(features.Data.Train[i]))];
        int different = 0;
        for (int q = 0; q < features.Data.Test.Count; q++)
        {
            double[] x = Unit(features.Data.Test[q]), similarities = new double[bank.Length];
            for (int i = 0; i < bank.Length; i++)
            {
                for (int j = 0; j < x.Length; j++)
                    similarities[i] += bank[i][j] * x[j];
            }

            int[] order = features.AllTrain;
            Array.Sort([.. similarities.Select(s => -s)], order);
            foreach (var outcome in found)
            {
                var (weighted, plain) = Reference(features.Data, similarities, order.AsSpan(0, outcome.Count));
                different += (weighted == outcome.Weighted[q] ? 0 : 1) + (plain == outcome.Plain[q] ? 0 : 1);
            }
        }

        // Similarities in float order two images differently only where these are within 1e-7 of each other and at the k-th place.
        Assert.InRange(different, 0, 4);
    }

    [Fact]
    public void NearestImageAnswersWhereVotesAreEqualAndLengthsCountForNothing()
    {
        // Angles of the training images from the test image; lengths differ by far.
        using var train = Angles((10, 5), (12, 0.01), (14, 700), (80, 1));
        using var test = Angles((0, 3));
        var data = new LabeledFeatures(train.Kind(0), [2, 1, 1, 2], test.Kind(0), [0], 3);
        var found = Run(data, [1, 2, 3, 4]);
        Assert.Equal([2, 2, 1, 2], found.Select(f => f.Plain[0]));
        // The second and the third count 0.91 and 0.81 of the nearest, the fourth next to nothing.
        Assert.Equal([2, 2, 1, 1], found.Select(f => f.Weighted[0]));
    }

    [Fact]
    public void AnswersDoNotDependOnTheNumberOfWorkers()
    {
        using var features = new RandomFeatures(500, 100, 8, 3, spread: 3);
        var (one, three) = (Run(features.Data, [7], workers: 1), Run(features.Data, [7], workers: 3));
        Assert.Equal(one[0].Weighted, three[0].Weighted);
        Assert.Equal(one[0].Plain, three[0].Plain);
    }

    // exp(1 / 1e-4) is beyond double.
    [Fact]
    public void TinyTemperatureIsTheNearestNeighbour()
    {
        using var features = new RandomFeatures(100, 50, 6, 3, spread: 2);
        Assert.Equal(Run(features.Data, [1])[0].Plain, Run(features.Data, [9], temperature: 1e-9)[0].Weighted);
    }

    private static IReadOnlyList<NearestNeighbors.Outcome> Run(LabeledFeatures data, int[] counts, int workers = 2, double temperature = Temperature)
    {
        using var backend = new CpuBackend(workers);
        using var threads = new CpuThreads(workers);
        return NearestNeighbors.Run(data, counts, temperature, backend, threads);
    }

    private static (int Weighted, int Plain) Reference(LabeledFeatures data, double[] similarities, ReadOnlySpan<int> nearest)
    {
        double[] weights = new double[data.Classes];
        int[] votes = new int[data.Classes];
        foreach (int i in nearest)
        {
            weights[data.TrainLabels[i]] += Math.Exp(similarities[i] / Temperature);
            votes[data.TrainLabels[i]]++;
        }

        int plain = data.TrainLabels[nearest.ToArray().First(i => votes[data.TrainLabels[i]] == votes.Max())];
        return (Array.IndexOf(weights, weights.Max()), plain);
    }

    private static double[] Unit(ReadOnlySpan<float> x)
    {
        double[] values = [.. x.ToArray().Select(v => (double)v)];
        double length = Math.Sqrt(values.Sum(v => v * v));
        return [.. values.Select(v => v / length)];
    }

    private static FeatureTable Angles(params (double Degrees, double Length)[] vectors)
    {
        var table = new FeatureTable(vectors.Length, 2, 1);
        for (int i = 0; i < vectors.Length; i++)
        {
            double angle = vectors[i].Degrees * Math.PI / 180;
            table.Row(i)[0] = (float)(vectors[i].Length * Math.Cos(angle));
            table.Row(i)[1] = (float)(vectors[i].Length * Math.Sin(angle));
        }

        return table;
    }
}
