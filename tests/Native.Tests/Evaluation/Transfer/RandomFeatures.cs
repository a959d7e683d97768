using Robustify.Kernels.Random;
using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Tests.Evaluation.Transfer;

/// <summary>
/// Features of classes that overlap, drawn under a seed: a centre a class and noise about it, in columns whose strength rises from the weakest to 1.
/// </summary>
internal sealed class RandomFeatures : IDisposable
{
    private readonly FeatureTable train;
    private readonly FeatureTable test;

    public RandomFeatures(int trainRows, int testRows, int width, int classes, double spread = 1, ulong seed = 5, double weakest = 1)
    {
        var random = new PhiloxStream(seed, RandomPurpose.Initialization, 0, 0);
        double[][] centres = [.. Enumerable.Range(0, classes).Select(_ => Enumerable.Range(0, width).Select(_ => random.NextNormal()).ToArray())];
        (train, test) = (new FeatureTable(trainRows, width, 1), new FeatureTable(testRows, width, 1));
        Data = new(train.Kind(0), Fill(train), test.Kind(0), Fill(test), classes);

        int[] Fill(FeatureTable table)
        {
            int[] labels = [.. Enumerable.Range(0, table.Rows).Select(i => i % classes)];
            for (int row = 0; row < table.Rows; row++)
            {
                for (int i = 0; i < width; i++)
                {
                    double strength = weakest + (1 - weakest) * i / width;
                    table.Row(row)[i] = (float)(3 + strength * (centres[labels[row]][i] + spread * random.NextNormal()));
                }
            }

            return labels;
        }
    }

    public LabeledFeatures Data { get; }

    public int[] AllTrain => [.. Enumerable.Range(0, Data.Train.Count)];

    public void Dispose()
    {
        train.Dispose();
        test.Dispose();
    }
}
