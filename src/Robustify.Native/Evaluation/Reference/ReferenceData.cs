using System.Text;

namespace Robustify.Native.Evaluation.Reference;

/// <summary>The lists that come with the engine; <c>Data/README.md</c> says where each is from.</summary>
internal static class ReferenceData
{
    private const string Prefix = "Robustify.Native.Evaluation.Reference.Data.";

    /// <summary>The lines of a list, without comments and empty ones.</summary>
    public static string[] Lines(string name)
    {
        using var stream = typeof(ReferenceData).Assembly.GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"resource {name} is not in the assembly");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return [.. reader.ReadToEnd().Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0 && l[0] != '#')];
    }
}
