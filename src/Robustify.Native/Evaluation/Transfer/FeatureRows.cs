namespace Robustify.Native.Evaluation.Transfer;

/// <summary>A model's features of a set of images: a row each, somewhere in host memory that another owns.</summary>
/// <param name="start">Address of the first feature.</param>
/// <param name="count">Images.</param>
/// <param name="width">Features of each.</param>
/// <param name="stride">From row to row, in floats.</param>
internal readonly unsafe struct FeatureRows(nint start, int count, int width, int stride)
{
    /// <summary>Images.</summary>
    public int Count => count;

    /// <summary>Features of each.</summary>
    public int Width => width;

    /// <summary>One image's features.</summary>
    public ReadOnlySpan<float> this[int row] => new((float*)start + (long)row * stride, width);
}

/// <summary>What a probe learns from and is measured on.</summary>
/// <param name="Train">Features of the training images.</param>
/// <param name="TrainLabels">Their classes.</param>
/// <param name="Test">Features of the test images.</param>
/// <param name="TestLabels">Their classes.</param>
/// <param name="Classes">Classes there are.</param>
internal sealed record LabeledFeatures(FeatureRows Train, int[] TrainLabels, FeatureRows Test, int[] TestLabels, int Classes);
