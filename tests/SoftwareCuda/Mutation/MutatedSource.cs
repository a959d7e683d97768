using System.Text;
using System.Text.RegularExpressions;

namespace Robustify.SoftwareCuda.Tests.Mutation;

/// <summary>A barrier, commit or wait of the sources.</summary>
/// <param name="Number">Its number in <see cref="MutatedSource.Text"/>.</param>
/// <param name="Call">As written: <c>__syncthreads();</c>.</param>
/// <param name="Place">File and line.</param>
internal sealed record Site(int Number, string Call, string Place)
{
    public override string ToString() => $"{Place} {Call}";
}

/// <summary>Kernels in which every barrier, commit and wait can be left out at run time: one compilation serves all mutants.</summary>
internal sealed partial class MutatedSource
{
    public MutatedSource(string source)
    {
        var text = new StringBuilder();
        var sites = new List<Site>();
        string file = "kernels.cu";
        int line = 0;
        foreach (string original in source.Split('\n'))
        {
            line++;
            if (LineMarker().Match(original) is { Success: true } marker)
            {
                (line, file) = (int.Parse(marker.Groups[1].Value) - 1, Path.GetFileName(marker.Groups[2].Value));
                text.Append(original).Append('\n');
                continue;
            }

            int comment = original.IndexOf("//", StringComparison.Ordinal);
            string code = comment < 0 ? original : original[..comment];
            text.Append(Call().Replace(code, match =>
            {
                sites.Add(new Site(sites.Count, match.Value, $"{file}:{line}"));
                return $"do {{ if (!sw_is_removed({sites.Count - 1})) {match.Value} }} while (0);";
            })).Append(comment < 0 ? "" : original[comment..]).Append('\n');
        }

        (Text, Sites) = (text.ToString(), sites);
    }

    public string Text { get; }

    public IReadOnlyList<Site> Sites { get; }

    [GeneratedRegex("^#line (\\d+) \"([^\"]+)\"")]
    private static partial Regex LineMarker();

    [GeneratedRegex(@"\b(__syncthreads|__syncwarp|cp_async_commit|cp_async_wait\s*<[^;]*>)\(\s*\);")]
    private static partial Regex Call();
}
