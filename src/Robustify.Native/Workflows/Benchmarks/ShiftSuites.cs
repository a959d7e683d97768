using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>The suites of shifted ImageNet pictures: how their folders are named and among what a model chooses.</summary>
internal static class ShiftSuites
{
    // The frame of ObjectNet's pictures is one pixel wide; the second is what JPEG smeared of it.
    private const int ObjectNetBorder = 2;

    /// <summary>Where the class folders lie: in what was named, of ObjectNet as released in <c>images</c> in it.</summary>
    public static string PicturesOf(BenchmarkSuite suite) =>
        suite.Name == SuiteNames.ObjectNet && Path.Combine(suite.Folder!, "images") is var images && Directory.Exists(images) ? images : suite.Folder!;

    /// <summary>What a suite is; null for one that is no shift of ImageNet.</summary>
    public static (ClassNaming Naming, ClassSpace Space, int Border)? Of(string suite)
    {
        switch (suite)
        {
            case SuiteNames.ImageNetV2 or SuiteNames.ImageNetV2Threshold or SuiteNames.ImageNetV2TopImages:
                return (ClassNaming.Numbers(), ClassSpace.All, 0);
            case SuiteNames.ImageNetSketch:
                return (ClassNaming.Wnids(), ClassSpace.All, 0);
            case SuiteNames.ImageNetR:
                int[] rendition = ImageNetClasses.OfImageNetR();
                return (ClassNaming.Wnids("ImageNet-R", rendition), ClassSpace.Columns("the 200 classes of ImageNet-R", rendition), 0);
            case SuiteNames.ImageNetA:
                int[] adversarial = ImageNetClasses.OfImageNetA();
                return (ClassNaming.Wnids("ImageNet-A", adversarial), ClassSpace.Columns("the 200 classes of ImageNet-A", adversarial), 0);
            case SuiteNames.ObjectNet:
                return (
                    ClassNaming.ObjectNet(),
                    ClassSpace.Groups("113 classes of ObjectNet, each the best of its ImageNet classes", [.. ImageNetClasses.ObjectNet.Select(o => o.Classes)]),
                    ObjectNetBorder);
            default:
                return null;
        }
    }
}
