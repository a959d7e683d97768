using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Reference;

namespace Robustify.Native.Tests.Evaluation.Metrics;

/// <summary>The mean corruption error against a published log: torchvision's ResNet-50 (bethgelab/game-of-noise).</summary>
public sealed class CorruptionErrorsTests
{
    private static readonly (string Name, double Top1, double Error)[] ResNet50 =
    [
        ("gaussian_noise", 29.29, 79.77), ("shot_noise", 27.03, 81.58), ("impulse_noise", 23.81, 82.58), ("defocus_blur", 38.75, 74.71),
        ("glass_blur", 26.79, 88.60), ("motion_blur", 38.67, 78.03), ("zoom_blur", 36.24, 79.86), ("snow", 32.53, 77.84),
        ("frost", 38.14, 74.84), ("fog", 45.83, 66.12), ("brightness", 68.02, 56.64), ("contrast", 39.06, 71.42),
        ("elastic_transform", 45.25, 84.74), ("pixelate", 44.79, 76.91), ("jpeg_compression", 53.41, 76.82),
    ];

    [Fact]
    public void ResNet50ComesOutAsPublished()
    {
        var errors = CorruptionErrors.Of(MeanErrors(), cleanError: 1 - 0.7613)!;

        // The log's accuracies are rounded to a hundredth of a percent; so are the errors that are compared.
        foreach (var (name, _, error) in ResNet50)
            Assert.Equal(error, errors.Each[name], 0.011);
        Assert.Equal(76.70, errors.Mean, 0.01);
        Assert.Equal(105.0, errors.RelativeMean, 0.05);
    }

    [Fact]
    public void AlexNetIsAHundred()
    {
        var errors = CorruptionErrors.Of(AlexNetErrors.Corrupted, AlexNetErrors.Clean)!;
        Assert.Equal(100, errors.Mean, 1e-9);
        Assert.Equal(100, errors.RelativeMean, 1e-9);
    }

    [Fact]
    public void SumsAreTakenBeforeTheRatio()
    {
        // A model right everywhere but at severity 1 has little of AlexNet's error there: a mean of ratios would be 0.2 * 1 / 0.69528.
        var errors = new Dictionary<string, double[]>(AlexNetErrors.Corrupted) { ["gaussian_noise"] = [1, 0, 0, 0, 0] };
        Assert.Equal(100 / (5 * 0.886428), CorruptionErrors.Of(errors, 0)!.Each["gaussian_noise"], 1e-9);
    }

    [Fact]
    public void MeanOverFewerCorruptionsIsNone()
    {
        var errors = MeanErrors();
        errors.Remove("frost");
        Assert.Null(CorruptionErrors.Of(errors, 0.2));
    }

    private static Dictionary<string, double[]> MeanErrors() => ResNet50.ToDictionary(c => c.Name, c => (double[])[1 - c.Top1 / 100]);
}
