using System.Runtime.InteropServices;

namespace Robustify.Kernels.Cuda.Libraries;

/// <summary>
/// Looks for one library under all its names: in the folders the user named, on the loader's own path, then in the usual folders. What was
/// tried is kept, so that a report can say why nothing was found.
/// </summary>
internal sealed class LibrarySearch
{
    private readonly List<LibraryAttempt> attempts = [];

    /// <param name="purpose">What the library is, for messages: <c>CUDA driver</c>.</param>
    /// <param name="names">File names, the best first.</param>
    public LibrarySearch(string purpose, string[] names)
    {
        Purpose = purpose;
        Names = names;
        Handle = FindIn(LibraryFolders.Named(), told: true);
        for (int i = 0; i < names.Length && Handle == 0; i++)
            Handle = Load(names[i]);
        if (Handle == 0)
            Handle = FindIn(LibraryFolders.Usual(), told: false);
    }

    /// <summary>What the library is.</summary>
    public string Purpose { get; }

    /// <summary>File names that were looked for.</summary>
    public string[] Names { get; }

    /// <summary>The loaded library; 0 where none was found.</summary>
    public nint Handle { get; private set; }

    /// <summary>The file that was loaded; empty where none was found.</summary>
    public string LoadedFrom { get; private set; } = "";

    /// <summary>Every file that was tried, in order.</summary>
    public IReadOnlyList<LibraryAttempt> Attempts => attempts;

    /// <summary>Address of an entry point.</summary>
    /// <exception cref="RobustifyException">The library has none of that name: it is older than what this program needs.</exception>
    public nint Entry(string name) => TryEntry(name) is var address and not 0
        ? address
        : throw new RobustifyException($"{LoadedFrom}: has no {name}; a library of CUDA 12 or 13 expected, install one or set {LibraryFolders.PathVariable}");

    /// <summary>Address of an entry point that not every version has; 0 where absent.</summary>
    public nint TryEntry(string name) => Handle != 0 && NativeLibrary.TryGetExport(Handle, name, out nint address) ? address : 0;

    private nint FindIn(IEnumerable<string> folders, bool told)
    {
        foreach (string folder in folders)
        {
            foreach (string name in Names)
            {
                string path = Path.Combine(folder, name);
                if (File.Exists(path))
                {
                    nint handle = Load(path);
                    if (handle != 0)
                        return handle;
                }
                else if (told)
                {
                    attempts.Add(new LibraryAttempt(path, "no such file"));
                }
            }
        }

        return 0;
    }

    private nint Load(string file)
    {
        try
        {
            nint handle = NativeLibrary.Load(file);
            attempts.Add(new LibraryAttempt(file, ""));
            LoadedFrom = file;
            return handle;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            attempts.Add(new LibraryAttempt(file, Reason(file, e.Message)));
            return 0;
        }
    }

    /// <summary>The loader's own words stand in the last lines of .NET's message, one for each spelling of the name that it tried.</summary>
    private static string Reason(string file, string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string told = lines.FirstOrDefault(line => line.StartsWith($"{file}: ", StringComparison.Ordinal)) ?? lines[^1];
        return told.StartsWith($"{file}: ", StringComparison.Ordinal) ? told[(file.Length + 2)..] : told;
    }
}
