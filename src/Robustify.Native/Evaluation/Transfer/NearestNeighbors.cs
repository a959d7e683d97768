using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Classification by the k training images of the greatest cosine similarity. Plain, the most frequent class answers; weighted, each
/// neighbour counts exp(similarity / temperature) (Wu et al., arXiv 1805.01978, as DINO and others evaluate features). Of equally similar
/// images the first, of classes with as many votes the one of the nearest neighbour, of equal weights the lowest.
/// </summary>
internal static class NearestNeighbors
{
    // Similarities of so many test and training images are computed at a time: 8 MiB.
    private const int QueryRows = 256;
    private const int BankRows = 8192;

    /// <summary>Answers for one k.</summary>
    /// <param name="Count">Neighbours.</param>
    /// <param name="Weighted">The class of each test image by weight.</param>
    /// <param name="Plain">By number.</param>
    public sealed record Outcome(int Count, int[] Weighted, int[] Plain);

    /// <summary>Answers for every k.</summary>
    /// <param name="data">Features and labels.</param>
    /// <param name="counts">Every k, each at most as many as there are training images.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="backend">Where similarities are computed, in Float32.</param>
    /// <param name="threads">Who sorts and votes.</param>
    /// <param name="cancellation">Asks for an end.</param>
    public static IReadOnlyList<Outcome> Run(
        LabeledFeatures data, IReadOnlyList<int> counts, double temperature, IBackend backend, CpuThreads threads, CancellationToken cancellation = default)
    {
        int most = counts.Max(), width = data.Train.Width;
        using var bank = Upload(data.Train, backend, "features of training images");
        using var queries = Upload(data.Test, backend, "features of test images");
        using var products = backend.Allocate((long)QueryRows * BankRows * sizeof(float), "similarities");
        Outcome[] outcomes = [.. counts.Select(k => new Outcome(k, new int[data.Test.Count], new int[data.Test.Count]))];
        float[] similarities = new float[QueryRows * BankRows];
        var nearest = new Nearest[QueryRows];
        for (int q = 0; q < QueryRows; q++)
            nearest[q] = new Nearest(most);
        for (int firstQuery = 0; firstQuery < data.Test.Count; firstQuery += QueryRows)
        {
            cancellation.ThrowIfCancellationRequested();
            int rows = Math.Min(QueryRows, data.Test.Count - firstQuery);
            for (int q = 0; q < rows; q++)
                nearest[q].Clear();
            for (int first = 0; first < data.Train.Count; first += BankRows)
            {
                int columns = Math.Min(BankRows, data.Train.Count - first);
                var block = products.View(0, new Shape(rows, columns));
                backend.Linear(
                    queries.View((long)firstQuery * width * sizeof(float), new Shape(rows, width)),
                    bank.View((long)first * width * sizeof(float), new Shape(columns, width)), default, block, Activation.None, default);
                backend.Download(block, similarities.AsSpan(0, rows * columns));
                var take = new TakeBody { Nearest = nearest, Similarities = similarities, Columns = columns, First = first };
                threads.For(rows, ref take);
            }

            for (int q = 0; q < rows; q++)
            {
                foreach (var outcome in outcomes)
                    Vote(nearest[q], outcome, firstQuery + q, data, temperature);
            }
        }

        return outcomes;
    }

    private static void Vote(Nearest nearest, Outcome outcome, int query, LabeledFeatures data, double temperature)
    {
        double[] weights = new double[data.Classes];
        int[] votes = new int[data.Classes];
        for (int i = 0; i < outcome.Count; i++)
        {
            int label = data.TrainLabels[nearest.Indices[i]];
            votes[label]++;
            // Less that of the nearest, which changes no comparison and keeps small temperatures finite.
            weights[label] += Math.Exp(((double)nearest.Similarities[i] - nearest.Similarities[0]) / temperature);
        }

        outcome.Weighted[query] = Array.IndexOf(weights, weights.Max());
        int mostVotes = votes.Max();
        for (int i = 0; i < outcome.Count; i++)
        {
            outcome.Plain[query] = data.TrainLabels[nearest.Indices[i]];
            if (votes[outcome.Plain[query]] == mostVotes)
                break;
        }
    }

    /// <summary>Rows of length 1 on the device; a row of zeros stays one.</summary>
    private static DeviceBuffer Upload(FeatureRows features, IBackend backend, string purpose)
    {
        var memory = backend.Allocate((long)features.Count * features.Width * sizeof(float), purpose);
        try
        {
            float[] unit = new float[features.Width];
            for (int row = 0; row < features.Count; row++)
            {
                var values = features[row];
                double squares = 0;
                foreach (float value in values)
                    squares += (double)value * value;
                double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
                for (int i = 0; i < unit.Length; i++)
                    unit[i] = (float)(values[i] * scale);
                backend.Upload<float>(unit, memory.View((long)row * unit.Length * sizeof(float), new Shape(unit.Length)));
            }

            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>The most similar images so far, the most similar first.</summary>
    private sealed class Nearest(int most)
    {
        public readonly float[] Similarities = new float[most];
        public readonly int[] Indices = new int[most];
        private int count;

        public void Clear() => count = 0;

        public void Take(ReadOnlySpan<float> similarities, int firstIndex)
        {
            for (int i = 0; i < similarities.Length; i++)
            {
                float similarity = similarities[i];
                if (count == most && !(similarity > Similarities[most - 1]))
                    continue;
                int place = count < most ? count++ : most - 1;
                for (; place > 0 && Similarities[place - 1] < similarity; place--)
                    (Similarities[place], Indices[place]) = (Similarities[place - 1], Indices[place - 1]);
                (Similarities[place], Indices[place]) = (similarity, firstIndex + i);
            }
        }
    }

    private struct TakeBody : IParallelBody
    {
        public Nearest[] Nearest;
        public float[] Similarities;
        public int Columns, First;

        public readonly void Invoke(int index, int worker) => Nearest[index].Take(Similarities.AsSpan(index * Columns, Columns), First);
    }
}
