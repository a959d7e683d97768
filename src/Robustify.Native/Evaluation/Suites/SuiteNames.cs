namespace Robustify.Native.Evaluation.Suites;

/// <summary>Names of suites, as <c>--suite</c> takes them and results tell them.</summary>
internal static class SuiteNames
{
    /// <summary>The images as they are.</summary>
    public const string Clean = "clean";

    /// <summary>The same images corrupted in memory, or those of a stored <c>-C</c> set.</summary>
    public const string Corruption = "corruption";

    /// <summary>A stored -C set of the classes of the data set.</summary>
    public const string StoredC = "stored-c";

    /// <summary>ImageNet-C as released.</summary>
    public const string ImageNetC = "imagenet-c";

    /// <summary>Tiny-ImageNet-C as released.</summary>
    public const string TinyImageNetC = "tiny-imagenet-c";

    /// <summary>CIFAR-10-C as released.</summary>
    public const string Cifar10C = "cifar-10-c";

    /// <summary>CIFAR-100-C as released.</summary>
    public const string Cifar100C = "cifar-100-c";

    /// <summary>ImageNet-V2, matched frequency, which figures without another name are of: folders are class numbers.</summary>
    public const string ImageNetV2 = "imagenet-v2";

    /// <summary>ImageNet-V2, threshold 0.7.</summary>
    public const string ImageNetV2Threshold = "imagenet-v2-threshold-0.7";

    /// <summary>ImageNet-V2, top images.</summary>
    public const string ImageNetV2TopImages = "imagenet-v2-top-images";

    /// <summary>ImageNet-Sketch.</summary>
    public const string ImageNetSketch = "imagenet-sketch";

    /// <summary>ImageNet-R: 200 classes, the model chooses among them.</summary>
    public const string ImageNetR = "imagenet-r";

    /// <summary>ImageNet-A: 200 classes, the model chooses among them.</summary>
    public const string ImageNetA = "imagenet-a";

    /// <summary>ObjectNet: 113 of its classes, each the best of one to three of ImageNet's.</summary>
    public const string ObjectNet = "objectnet";

    /// <summary>Those that a folder is named for.</summary>
    public static IReadOnlyList<string> WithFolder { get; } =
        [StoredC, ImageNetC, TinyImageNetC, Cifar10C, Cifar100C, ImageNetV2, ImageNetV2Threshold, ImageNetV2TopImages, ImageNetSketch, ImageNetR, ImageNetA, ObjectNet];

    private const string CleanOnPrefix = "clean-on-";

    /// <summary>The clean images seen as another suite sees its own: its classes alone, its mask.</summary>
    public static string CleanOn(string suite) => CleanOnPrefix + suite;

    /// <summary>Whether a name is one of <see cref="CleanOn"/>.</summary>
    public static bool IsCleanOn(string suite) => suite.StartsWith(CleanOnPrefix, StringComparison.Ordinal);
}
