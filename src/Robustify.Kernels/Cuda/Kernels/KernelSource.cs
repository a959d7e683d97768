using System.Text;

namespace Robustify.Kernels.Cuda.Kernels;

/// <summary>
/// The text of all kernels as one translation unit: the index kernels.cu with its sections in their places. The files are inside this
/// assembly, so that a published binary carries them. <c>#line</c> keeps the compiler's messages at the right file and line.
/// </summary>
internal static class KernelSource
{
    /// <summary>The index's name.</summary>
    public const string Index = "kernels.cu";

    /// <summary>The joined text.</summary>
    public static string Read() => Join(Index, Resource);

    /// <summary>Puts every included file in the place of its <c>#include "path"</c>; sections include nothing themselves.</summary>
    /// <param name="index">Name of the index.</param>
    /// <param name="read">Text of a file by its path.</param>
    public static string Join(string index, Func<string, string> read)
    {
        const string include = "#include \"";
        var joined = new StringBuilder();
        int number = 0;
        foreach (string line in read(index).Split('\n'))
        {
            number++;
            if (!line.StartsWith(include, StringComparison.Ordinal))
            {
                joined.Append(line).Append('\n');
                continue;
            }

            string path = line[include.Length..line.IndexOf('"', include.Length)];
            joined.Append($"#line 1 \"{path}\"\n").Append(read(path)).Append($"\n#line {number + 1} \"{index}\"\n");
        }

        return joined.ToString();
    }

    private static string Resource(string name)
    {
        using var stream = typeof(KernelSource).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name}: not among the resources of Robustify.Kernels");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
