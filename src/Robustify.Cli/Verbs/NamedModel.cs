using Robustify.Kernels;

namespace Robustify.Cli.Verbs;

/// <summary>A model with the name it has in results.</summary>
/// <param name="Name">Given, or that of the file or run directory.</param>
/// <param name="Path">Safetensors file or run directory.</param>
internal readonly record struct NamedModel(string Name, string Path)
{
    /// <summary><c>NAME=PATH</c>, or the path alone.</summary>
    public static NamedModel Parse(string word)
    {
        // A path that holds '=' and is there is a path.
        int equals = File.Exists(word) || Directory.Exists(word) ? -1 : word.IndexOf('=');
        string path = word[(equals + 1)..];
        string full = path.Length == 0 ? "" : System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        string own = System.IO.Path.GetFileName(Directory.Exists(full) ? full : System.IO.Path.ChangeExtension(full, null));
        string name = equals < 0 ? own : word[..equals];
        return name.Length > 0 && path.Length > 0
            ? new(name, path)
            : throw new RobustifyException($"'{word}' found, NAME=MODEL or the path of a file or run directory expected");
    }
}
