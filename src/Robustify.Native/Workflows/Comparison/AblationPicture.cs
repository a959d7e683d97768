using System.Globalization;
using System.Text;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>A factor's values side by side as SVG: accuracy on clean and on corrupted images, with bars over the seeds' deviation.</summary>
internal static class AblationPicture
{
    private const double Height = 300, Left = 56, Right = 120, Top = 34, Bottom = 46, Step = 110;

    private static readonly (string Name, string Colour, Func<AblationRow, double> Value, Func<AblationRow, double> Deviation)[] Series =
    [
        ("clean", "#2457c5", r => 100 * r.Clean, r => 100 * r.CleanDeviation),
        ("mean corruption", "#c2610c", r => 100 * r.Corrupted, r => 100 * r.CorruptedDeviation),
    ];

    /// <summary>The whole file.</summary>
    public static string Draw(AblationTable table)
    {
        double width = Left + Right + Step * table.Rows.Count;
        double[] values = [.. Series.SelectMany(s => table.Rows.Select(s.Value)).Where(double.IsFinite)];
        double low = values.Length == 0 ? 0 : Math.Floor(values.Min() - 1), high = values.Length == 0 ? 1 : Math.Ceiling(values.Max() + 1);
        double X(int column) => Left + Step * (column + 0.5);
        double Y(double value) => Height - Bottom - (value - low) / (high - low) * (Height - Top - Bottom);

        var text = new StringBuilder();
        text.Append(Svg($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {Height}\" font-family=\"sans-serif\" font-size=\"11\">\n"));
        text.Append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        text.Append(Svg($"<text x=\"{Left}\" y=\"{Top - 16}\" fill=\"#222\">{Escaped(table.Factor)}: top-1, %</text>\n"));
        for (int line = 0; line <= 4; line++)
        {
            double value = low + (high - low) * line / 4;
            text.Append(Svg($"<line x1=\"{Left}\" y1=\"{Y(value):F1}\" x2=\"{width - Right}\" y2=\"{Y(value):F1}\" stroke=\"#e3e6ec\"/>\n"));
            text.Append(Svg($"<text x=\"{Left - 6}\" y=\"{Y(value) + 4:F1}\" text-anchor=\"end\" fill=\"#444\">{value:0.#}</text>\n"));
        }

        for (int column = 0; column < table.Rows.Count; column++)
        {
            string weight = table.Rows[column].IsDefault ? " font-weight=\"bold\"" : "";
            text.Append(Svg($"<text x=\"{X(column):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\" fill=\"#222\"{weight}>{Escaped(table.Rows[column].Value)}</text>\n"));
        }

        for (int s = 0; s < Series.Length; s++)
        {
            var (name, colour, value, deviation) = Series[s];
            text.Append(Svg($"<text x=\"{width - Right + 10}\" y=\"{Top + 16 * s:F1}\" fill=\"{colour}\">{name}</text>\n"));
            for (int column = 0; column < table.Rows.Count; column++)
            {
                double x = X(column) + 10 * (s - 0.5), mean = value(table.Rows[column]), spread = deviation(table.Rows[column]);
                if (!double.IsFinite(mean))
                    continue;
                if (double.IsFinite(spread))
                    text.Append(Svg($"<line x1=\"{x:F1}\" y1=\"{Y(mean - spread):F1}\" x2=\"{x:F1}\" y2=\"{Y(mean + spread):F1}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\n"));
                text.Append(Svg($"<circle cx=\"{x:F1}\" cy=\"{Y(mean):F1}\" r=\"5\" fill=\"{colour}\"/>\n"));
            }
        }

        return text.Append("</svg>\n").ToString();
    }

    private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Svg(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
