using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>How much a quickstart trains and measures.</summary>
public enum QuickstartSize
{
    /// <summary>A glimpse of every part, in some seconds on two cores: too little for its figures to mean much.</summary>
    Tiny,

    /// <summary>The default: a few minutes, and differences that stand out from noise.</summary>
    Small,

    /// <summary>All bundled images.</summary>
    Full,
}

/// <summary>Options of the verb quickstart.</summary>
public sealed record QuickstartOptions
{
    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>How much is trained and measured.</summary>
    public QuickstartSize Size { get; init; } = QuickstartSize.Small;

    /// <summary>Key of every draw.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Data directory; null for the bundled set.</summary>
    public string? Data { get; init; }

    /// <summary>The pretrained large model; null for the bundled one.</summary>
    public string? Model { get; init; }

    /// <summary>Continue the run in <see cref="Out"/>, phase by phase.</summary>
    public bool Resume { get; init; }

    /// <summary>What each phase writes down on its way.</summary>
    public RecordOptions Record { get; init; } = new();

    /// <summary>Training images of each phase, and at most as many held out; null for as many as the size has.</summary>
    public int? Images { get; init; }

    /// <summary>Clean test images; null for as many as the size has.</summary>
    public int? TestImages { get; init; }

    /// <summary>Test images that are corrupted in every way, 0 for none; null for as many as the size has.</summary>
    public int? CorruptedImages { get; init; }

    /// <summary>The amounts that the size stands for, where no other is given.</summary>
    internal QuickstartAmounts Amounts => Standard with
    {
        Images = Images ?? Standard.Images, TestImages = TestImages ?? Standard.TestImages,
        CorruptedImages = CorruptedImages ?? Standard.CorruptedImages, HeldOut = Math.Min(Standard.HeldOut, Images ?? Standard.HeldOut),
    };

    private QuickstartAmounts Standard => Size switch
    {
        QuickstartSize.Tiny => new(Images: 160, TeacherEpochs: 2, HeldOut: 96, TestImages: 100, CorruptedImages: 2),
        QuickstartSize.Small => new(Images: 5120, TeacherEpochs: 3, HeldOut: 1024, TestImages: 3000, CorruptedImages: 240),
        _ => new(Images: 13000, TeacherEpochs: 8, HeldOut: 2000, TestImages: 3000, CorruptedImages: 1000),
    };
}

/// <summary>What a size stands for.</summary>
/// <param name="Images">Training images of each phase.</param>
/// <param name="TeacherEpochs">Passes of the teacher over them.</param>
/// <param name="HeldOut">Images the selector is calibrated on.</param>
/// <param name="TestImages">Clean test images.</param>
/// <param name="CorruptedImages">Test images that are corrupted in every way.</param>
internal sealed record QuickstartAmounts(int Images, int TeacherEpochs, int HeldOut, int TestImages, int CorruptedImages);
