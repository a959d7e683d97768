using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Models;

namespace Robustify.Native.Workflows;

/// <summary>
/// A data set as a run uses it: images to train on, images held out of training for calibration, and test images that are neither
/// trained nor calibrated on.
/// </summary>
public sealed class LabeledData
{
    // A folder without train and test parts is divided: four parts to train on, one to test.
    private const double TestFraction = 0.2;

    // Never more than a quarter of the training images: a calibration that starves training helps nobody.
    private const double MostHeldOutOfTraining = 0.25;

    // And half the test images at most may be held out: what is left must still measure.
    private const double MostHeldOutOfTest = 0.5;

    private LabeledData(
        string path, IImageSource trainSource, int[] train, IImageSource heldOutSource, int[] heldOut, IImageSource testSource, int[] test) =>
        (Path, TrainSource, Train, HeldOutSource, HeldOut, TestSource, Test) = (path, trainSource, train, heldOutSource, heldOut, testSource, test);

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>The source of training images.</summary>
    public IImageSource TrainSource { get; }

    /// <summary>Which of them to train on.</summary>
    public int[] Train { get; }

    /// <summary>The source of held-out images: that of the part they were taken from.</summary>
    public IImageSource HeldOutSource { get; }

    /// <summary>Which of its images are held out of both training and test.</summary>
    public int[] HeldOut { get; }

    /// <summary>The source of test images.</summary>
    public IImageSource TestSource { get; }

    /// <summary>Which of them to test on.</summary>
    public int[] Test { get; }

    /// <summary>Opens a directory and divides it.</summary>
    /// <param name="path">The directory; null for the bundled or installed default.</param>
    /// <param name="seed">Key of the split and the subsets.</param>
    /// <param name="limit">At most so many training images, a class-balanced subset; null for all.</param>
    /// <param name="testLimit">At most so many test images; null for all.</param>
    /// <param name="heldOut">Images to hold out of training, or of test.</param>
    /// <param name="testSeed">
    /// Key of what is tested: of the division where a set has no parts and of the test subset; null for <paramref name="seed"/>. Runs of
    /// several seeds that are compared are tested on the same images.
    /// </param>
    /// <param name="heldOutFrom">
    /// The part they are taken from. A model that was pretrained on the training images knows them too well to be calibrated there.
    /// </param>
    public static LabeledData Open(
        string? path, ulong seed, int? limit = null, int? testLimit = null, int heldOut = 0, ulong? testSeed = null,
        DataPart heldOutFrom = DataPart.Train)
    {
        ulong testKey = testSeed ?? seed;
        path ??= DataDirectory.Default();
        var trainSource = DataDirectory.Open(path, DataPart.Train);
        var testSource = DataDirectory.Open(path, DataPart.Test);
        int[] pool = [.. Enumerable.Range(0, trainSource.Count)], test = [.. Enumerable.Range(0, testSource.Count)];
        if (trainSource is FolderSource { IsUndivided: true })
            (pool, test) = DataSplit.Split(trainSource, TestFraction, testKey);
        int[] held = [];
        var heldSource = trainSource;
        if (heldOut > 0 && heldOutFrom == DataPart.Test)
        {
            heldSource = testSource;
            (test, held) = SetAside(testSource, test, heldOut, MostHeldOutOfTest, testKey);
        }
        else if (heldOut > 0)
        {
            (pool, held) = SetAside(trainSource, pool, heldOut, MostHeldOutOfTraining, seed);
        }

        return new LabeledData(
            path, trainSource, Limit(trainSource, pool, limit, seed), heldSource, held, testSource, Limit(testSource, test, testLimit, testKey));
    }

    /// <summary>Refuses a model that does not fit the classes.</summary>
    public void RequireClasses(IVisionModel model, string modelName)
    {
        model.RequireHead(modelName);
        if (TrainSource.ClassNames.Count != model.Classes)
        {
            throw new RobustifyException(
                $"{Path}: {TrainSource.ClassNames.Count} classes found, model '{modelName}' has {model.Classes}; use a model of as many classes, or make one by pretrain, teach or finetune with --new-classifier");
        }
    }

    private static (int[] Kept, int[] Apart) SetAside(IImageSource source, int[] indices, int count, double most, ulong seed)
    {
        var view = new SubsetSource(source, indices);
        var (kept, apart) = DataSplit.Split(view, Math.Min(most, (double)count / indices.Length), seed);
        return (view.Whole(kept), view.Whole(apart));
    }

    private static int[] Limit(IImageSource source, int[] indices, int? limit, ulong seed)
    {
        if (limit is not { } most)
            return indices;
        var view = new SubsetSource(source, indices);
        return view.Whole(DataSplit.Subset(view, most, seed));
    }
}
