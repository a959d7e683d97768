using System.Globalization;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Evaluation.Reference;

/// <summary>Accuracies that others have published for standard models, to tell a broken set-up from a weak model.</summary>
internal static class PublishedFigures
{
    private static readonly Lazy<Figure[]> All = new(() =>
    [
        .. Table("reference_accuracy_timm.csv", "timm", ("imagenet_top1", SuiteNames.Clean), ("imagenetv2_mf_top1", SuiteNames.ImageNetV2),
            ("imagenet_a_top1", SuiteNames.ImageNetA), ("imagenet_r_top1", SuiteNames.ImageNetR), ("sketch_top1", SuiteNames.ImageNetSketch)),
        .. MeanCorruptionErrors,
        .. Table("reference_accuracy_testbed.csv", "imagenet-testbed", ("val_top1", SuiteNames.Clean), ("v2_mf_top1", SuiteNames.ImageNetV2),
            ("imagenet_a_top1", SuiteNames.ImageNetA), ("imagenet_r_top1", SuiteNames.ImageNetR), ("sketch_top1", SuiteNames.ImageNetSketch),
            ("objectnet_top1", SuiteNames.ObjectNet), ("inc_mce_15_alexnet_published", "mce")),
    ]);

    // Under the authors' protocol (Hendrycks and Dietterich 2019 and their leaderboard).
    private static Figure[] MeanCorruptionErrors =>
    [
        .. ((string, double)[])
            [
                ("alexnet", 100), ("vgg11", 93.5), ("vgg19", 88.9), ("vgg19_bn", 81.6), ("resnet18", 84.7), ("resnet18.tv_in1k", 84.7),
                ("resnet50", 76.7), ("resnet50.tv_in1k", 76.7),
            ],
    ];

    /// <summary>One published number.</summary>
    /// <param name="Model">Its name there.</param>
    /// <param name="Measure">A suite's name, or <c>mce</c>.</param>
    /// <param name="Percent">The number.</param>
    /// <param name="Source">Who published it.</param>
    public sealed record Figure(string Model, string Measure, double Percent, string Source)
    {
        public static implicit operator Figure((string Model, double Error) known) => new(known.Model, "mce", known.Error, "the authors of ImageNet-C");
    }

    /// <summary>The first published figure of a model by one of its names; dots, hyphens, underscores and capitals do not matter. Null for an unknown one.</summary>
    public static Figure? Find(IReadOnlyList<string> names, string measure) =>
        All.Value.FirstOrDefault(f => f.Measure == measure && names.Any(n => Plain(n) == Plain(f.Model)));

    private static IEnumerable<Figure> Table(string file, string source, params (string Column, string Measure)[] columns)
    {
        string[] lines = ReferenceData.Lines(file), head = lines[0].Split(',');
        foreach (string[] cells in lines.Skip(1).Select(l => l.Split(',')))
        {
            foreach (var (column, measure) in columns)
            {
                if (double.TryParse(cells[Array.IndexOf(head, column)], NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
                    yield return new(cells[0], measure, value, source);
            }
        }
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
