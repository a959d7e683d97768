using System.CommandLine;
using Robustify.Native.Augment;

namespace Robustify.Cli.Options;

/// <summary>How augmented views are made, with the choices in which publications differ.</summary>
internal sealed class AugmentationSettings(AugmentationOptions standard)
{
    private readonly ChoiceOption<MixtureKind> kind = new(
        "--augment",
        "how an augmented view is made: chains of image operations mixed with the image, rounds with pictures of rich structure mixed in, "
        + "noise from a random network, or another crop and flip", standard.Kind);

    private readonly OptionalNumberOption<double> severity = new(
        "--augment-severity", "highest level of an operation; augmix and pixmix", new(0.1, 10), "3, for images above 64 pixels 1, as published");

    private readonly ChoiceOption<OperationSet> operations = new(
        "--augment-operations",
        "those that overlap no corruption of the benchmark, or color, contrast, brightness and sharpness too, as pixmix was published; augmix and pixmix",
        standard.Operations);

    private readonly NumberOption<int> width = new("--augmix-width", "chains of operations; augmix only", new(1, 16), standard.AugMix.Width);

    private readonly OptionalNumberOption<int> depth = new(
        "--augmix-depth", "operations a chain; augmix only", new(1, AugMixOptions.MaxDepth), "1, 2 or 3, drawn for each chain, as published");

    private readonly NumberOption<double> alpha = new(
        "--augmix-alpha", "parameter of the distributions that weigh the chains and the image; augmix only", new(0, 1000, LowOpen: true), standard.AugMix.Alpha);

    private readonly ChoiceOption<OperationLevels> levels = new(
        "--augmix-levels", "an operation's level drawn from 0.1 to the highest, as published, or always the highest, as timm had it; augmix only",
        OperationLevels.Drawn);

    private readonly NumberOption<int> rounds = new("--pixmix-rounds", "rounds of mixing at most; pixmix only", new(0, 16), standard.PixMix.Rounds);

    private readonly OptionalNumberOption<double> beta = new(
        "--pixmix-beta", "strength of the image against what is mixed in; pixmix only", new(0, 1000, LowOpen: true), "3, for images above 64 pixels 4, as published");

    private readonly TextOption pictures = new(
        "--pixmix-pictures", "DIR", "folder of the pictures that are mixed in, as the published ones; pixmix only", "fractals drawn by the program", () => "");

    private readonly OptionalNumberOption<double> noiseShare = new(
        "--noise-share", "share of the augmented views, of any kind, that get noise from a random network (Noise2Net)", new(0, 1), "0.5 with noise2net, else 0");

    private readonly NumberOption<double> noiseWeakest = new("--noise-weakest", "lowest strength of that noise", new(0, 10), standard.NoiseNetwork.Weakest);

    private readonly NumberOption<double> noiseStrongest = new(
        "--noise-strongest", "highest strength of that noise", new(0, 10), standard.NoiseNetwork.Strongest);

    public void AddTo(Command command, RunSettings run) => run.Add(
        command, kind, severity, operations, width, depth, alpha, levels, rounds, beta, pictures, noiseShare, noiseWeakest, noiseStrongest);

    public AugmentationOptions Bind(ParseResult parse)
    {
        var options = standard with
        {
            Kind = kind.Of(parse), Severity = severity.Of(parse), Operations = operations.Of(parse), Beta = beta.Of(parse), NoiseShare = noiseShare.Of(parse),
            AugMix = standard.AugMix with
            {
                Width = width.Of(parse), Depth = depth.Of(parse) ?? standard.AugMix.Depth, Alpha = alpha.Of(parse),
                FixedLevel = levels.Of(parse) == OperationLevels.Highest,
            },
            PixMix = standard.PixMix with { Rounds = rounds.Of(parse), Pictures = pictures.Of(parse) is { Length: > 0 } folder ? folder : null },
            NoiseNetwork = standard.NoiseNetwork with { Weakest = noiseWeakest.Of(parse), Strongest = noiseStrongest.Of(parse) },
        };
        options.NoiseNetwork.Validate();
        return options;
    }
}
