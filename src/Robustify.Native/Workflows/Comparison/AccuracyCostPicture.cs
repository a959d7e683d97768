using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>
/// Accuracy under corruption against training cost as SVG, one point a scheme, as the paper draws it; a bar over the seeds' deviation, and a
/// thin line to the cost with what the scheme stands on, such as its teacher.
/// </summary>
internal static class AccuracyCostPicture
{
    private const double Width = 760, Height = 440, Left = 60, Right = 150, Top = 30, Bottom = 50, LineHeight = 13;

    private static readonly string[] Palette = ["#2457c5", "#c2610c", "#17805a", "#b0306f", "#6a41b8", "#7a7000", "#0f7a99", "#5b6474"];

    /// <summary>The whole file; clean accuracy where no corruption was measured.</summary>
    public static string Draw(JsonObject root)
    {
        bool isCorrupted = ComparisonTables.Models(root).Any(m => double.IsFinite(Accuracy(root, m, true)));
        Point[] points = [.. ComparisonTables.Models(root).Select((m, i) => new Point(
            m, ComparisonTables.At(root, "costs", m, "seconds"), ComparisonTables.At(root, "costs", m, "total_seconds"), 100 * Accuracy(root, m, isCorrupted),
            100 * ComparisonTables.At(root["deviation"], ["models", m, .. PathOf(isCorrupted)]), Palette[i % Palette.Length]))
            .Where(p => double.IsFinite(p.Accuracy))];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"11\">\n");
        text.Append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        if (points.Length > 0)
            new Axes(points).Draw(text, points, isCorrupted ? "mean top-1 under corruption, %" : "clean top-1, %");
        return text.Append("</svg>\n").ToString();
    }

    private static string[] PathOf(bool isCorrupted) => isCorrupted ? ["corruption", "mean_top1"] : ["clean", "top1"];

    private static double Accuracy(JsonObject root, string model, bool isCorrupted) => ComparisonTables.At(root, ["models", model, .. PathOf(isCorrupted)]);

    private sealed record Point(string Name, double Seconds, double Total, double Accuracy, double Deviation, string Colour);

    /// <summary>The scales: seconds from 0, accuracy over what occurs.</summary>
    private sealed class Axes
    {
        private readonly double longest, lowest, highest;

        public Axes(Point[] points)
        {
            double Spread(Point p) => double.IsFinite(p.Deviation) ? p.Deviation : 0;
            longest = Math.Max(1e-3, points.Max(p => p.Total)) * 1.05;
            lowest = Math.Floor(points.Min(p => p.Accuracy - Spread(p)) - 0.5);
            highest = Math.Ceiling(points.Max(p => p.Accuracy + Spread(p)) + 0.5);
        }

        public void Draw(StringBuilder text, Point[] points, string title)
        {
            Grid(text, title);
            var labels = new List<(double X, double Y)>();
            foreach (var p in points.OrderBy(p => p.Accuracy))
            {
                double x = X(p.Seconds), y = Y(p.Accuracy);
                if (p.Total > p.Seconds)
                {
                    Line(text, x, y, X(p.Total), y, p.Colour, "stroke-dasharray=\"3 3\"");
                    text.Append(Svg($"<circle cx=\"{X(p.Total):F1}\" cy=\"{y:F1}\" r=\"3\" fill=\"#ffffff\" stroke=\"{p.Colour}\"/>\n"));
                }

                if (double.IsFinite(p.Deviation))
                    Line(text, x, Y(p.Accuracy - p.Deviation), x, Y(p.Accuracy + p.Deviation), p.Colour, "stroke-width=\"1.5\"");
                text.Append(Svg($"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"5\" fill=\"{p.Colour}\"/>\n"));

                // Labels come from the lowest point up, each above those that it would touch.
                double labelY = y + 4;
                while (labels.Any(l => Math.Abs(l.X - x) < 110 && Math.Abs(l.Y - labelY) < LineHeight))
                    labelY -= LineHeight / 4;
                labels.Add((x, labelY));
                text.Append(Svg($"<text x=\"{x + 8:F1}\" y=\"{labelY:F1}\" fill=\"{p.Colour}\">{Escaped(p.Name)}</text>\n"));
            }
        }

        private void Grid(StringBuilder text, string title)
        {
            double step = Step(highest - lowest);
            for (double value = Math.Ceiling(lowest / step) * step; value <= highest + 1e-9; value += step)
            {
                Line(text, Left, Y(value), Width - Right, Y(value), "#e3e6ec", "");
                text.Append(Svg($"<text x=\"{Left - 6:F1}\" y=\"{Y(value) + 4:F1}\" text-anchor=\"end\" fill=\"#444\">{value:0.##}</text>\n"));
            }

            step = Step(longest);
            for (double value = 0; value <= longest; value += step)
            {
                Line(text, X(value), Top, X(value), Height - Bottom, "#e3e6ec", "");
                text.Append(Svg($"<text x=\"{X(value):F1}\" y=\"{Height - Bottom + 16:F1}\" text-anchor=\"middle\" fill=\"#444\">{value:0.###}</text>\n"));
            }

            text.Append(Svg($"<text x=\"{Left:F1}\" y=\"{Top - 12:F1}\" fill=\"#222\">{title}</text>\n"));
            text.Append(Svg($"<text x=\"{(Left + Width - Right) / 2:F1}\" y=\"{Height - 14:F1}\" text-anchor=\"middle\" fill=\"#222\">training seconds (hollow: with what the scheme stands on)</text>\n"));
        }

        // 1, 2 or 5 times a power of ten, so that about six lines are drawn.
        private static double Step(double range)
        {
            double power = Math.Pow(10, Math.Floor(Math.Log10(range / 6)));
            return ((double[])[1, 2, 5, 10]).Select(f => f * power).First(s => range / s <= 8);
        }

        private double X(double seconds) => Left + seconds / longest * (Width - Left - Right);

        private double Y(double accuracy) => Height - Bottom - (accuracy - lowest) / (highest - lowest) * (Height - Top - Bottom);

        private static void Line(StringBuilder text, double x1, double y1, double x2, double y2, string colour, string style) =>
            text.Append(Svg($"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" stroke=\"{colour}\" {style}/>\n"));

        private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

        private static string Svg(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
