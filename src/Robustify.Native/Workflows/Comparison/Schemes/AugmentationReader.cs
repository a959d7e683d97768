using Robustify.Kernels;
using Robustify.Native.Augment;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>
/// Reads how a scheme makes augmented views: the verbs' options, with underscores. What is left out is not among the scheme's resolved
/// options, so that comparisons begun before an option was known go on without training again.
/// </summary>
internal static class AugmentationReader
{
    public static AugmentationOptions Read(RecipeObject json, AugmentationOptions standard)
    {
        var options = standard with
        {
            Kind = json.Choice("augment", standard.Kind), Severity = json.OptionalNumber("augment_severity", 0.1, 10),
            Operations = json.OptionalChoice<OperationSet>("augment_operations") ?? standard.Operations,
            AugMix = standard.AugMix with
            {
                Width = json.OptionalWhole("augmix_width", 1, 16) ?? standard.AugMix.Width,
                Depth = json.OptionalWhole("augmix_depth", 1, AugMixOptions.MaxDepth) ?? standard.AugMix.Depth,
                Alpha = json.OptionalNumber("augmix_alpha", 0, 1000, lowOpen: true) ?? standard.AugMix.Alpha,
                FixedLevel = json.OptionalChoice<OperationLevels>("augmix_levels") == OperationLevels.Highest,
            },
            PixMix = standard.PixMix with
            {
                Rounds = json.OptionalWhole("pixmix_rounds", 0, 16) ?? standard.PixMix.Rounds, Pictures = json.OptionalText("pixmix_pictures"),
            },
            Beta = json.OptionalNumber("pixmix_beta", 0, 1000, lowOpen: true), NoiseShare = json.OptionalNumber("noise_share", 0, 1),
            NoiseNetwork = standard.NoiseNetwork with
            {
                Weakest = json.OptionalNumber("noise_weakest", 0, 10) ?? standard.NoiseNetwork.Weakest,
                Strongest = json.OptionalNumber("noise_strongest", 0, 10) ?? standard.NoiseNetwork.Strongest,
            },
        };
        try
        {
            options.NoiseNetwork.Validate();
            return options;
        }
        catch (RobustifyException refused)
        {
            throw json.Refuse($"{json.Path}.noise_weakest", refused.Message);
        }
    }
}
