using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>
/// The pictures of a <see cref="CorruptionJob"/> in the order that gives each its sample index: class/picture first, compared name by name, as an
/// image folder is read as a data set, which passes over pictures at other depths; these come behind. Everything that can be refused without
/// decoding is refused here, before anything is written.
/// </summary>
internal sealed class CorruptionFiles
{
    private readonly CorruptionJobOptions options;
    private readonly string? singleOutput;

    private CorruptionFiles(CorruptionJobOptions options, string[] pictures, string[] others, string? singleOutput, ImageEncoding encoding)
    {
        (this.options, Pictures, PassedOver, this.singleOutput) = (options, pictures, others, singleOutput);
        Encoding = encoding;
    }

    /// <summary>Relative paths (separator '/') for a folder; the file itself otherwise.</summary>
    public string[] Pictures { get; }

    /// <summary>Files that are no pictures by their names.</summary>
    public string[] PassedOver { get; }

    /// <summary>What is written.</summary>
    public ImageEncoding Encoding { get; }

    /// <summary>Whether a folder is corrupted, so that the output is one too and remembers what it was made of.</summary>
    public bool IsFolder { get; private init; }

    /// <summary>The file of a picture.</summary>
    public string InputOf(int index) => IsFolder ? Path.Combine(options.Input, Pictures[index]) : options.Input;

    /// <summary>The file of its corrupted copy.</summary>
    public string OutputOf(int index, Corruption corruption, int severity)
    {
        if (singleOutput is not null)
            return singleOutput;
        string relative = IsFolder ? Pictures[index] : Path.GetFileName(options.Input);
        string target = Path.ChangeExtension(relative, Extension(Encoding));
        return options.HasConditionFolders
            ? Path.Combine(options.Output, corruption.Name, severity.ToString(CultureInfo.InvariantCulture), target)
            : Path.Combine(options.Output, target);
    }

    public static CorruptionFiles Resolve(CorruptionJobOptions options)
    {
        if (File.Exists(options.Input))
            return ResolveFile(options);
        if (!Directory.Exists(options.Input))
            throw new RobustifyException($"{options.Input}: no such file or folder; name a picture or a folder of pictures");
        return ResolveFolder(options);
    }

    private static CorruptionFiles ResolveFile(CorruptionJobOptions options)
    {
        var encoding = options.Encoding;
        string? output = null;
        if (!options.HasConditionFolders && !Directory.Exists(options.Output))
        {
            output = options.Output;
            encoding = ImageFile.EncodingOf(output)
                ?? throw new RobustifyException($"{output}: the output's name must end in .png, .jpg or .jpeg, or be an existing folder");
        }
        else if (File.Exists(options.Output) || (ImageFile.HasPictureExtension(options.Output) && !Directory.Exists(options.Output)))
            throw new RobustifyException($"{options.Output}: is the name of a picture, a folder expected for several corruptions or severities; name a folder, or one of each");

        var files = new CorruptionFiles(options, [options.Input], [], output, encoding);
        foreach (var corruption in options.Corruptions)
        {
            foreach (int severity in options.Severities)
            {
                if (RealPath.Of(files.OutputOf(0, corruption, severity)) == RealPath.Of(options.Input))
                    throw new RobustifyException($"{options.Output}: the output is the input itself; name another output");
            }
        }

        return files;
    }

    private static CorruptionFiles ResolveFolder(CorruptionJobOptions options)
    {
        if (File.Exists(options.Output))
            throw new RobustifyException($"{options.Output}: is a file, a folder expected because the input is one; name a folder");
        string input = RealPath.Of(options.Input), output = RealPath.Of(options.Output);
        if (Contains(input, output) || Contains(output, input))
            throw new RobustifyException(
                $"{options.Output}: output and input folder lie within each other, so pictures could be overwritten; name a separate folder");

        string[] all = List(input), pictures = [.. all.Where(path => ImageFile.HasPictureExtension(path))];
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string relative in pictures)
        {
            string target = Path.ChangeExtension(relative, Extension(options.Encoding));
            if (!sources.TryAdd(target, relative))
                throw new RobustifyException(
                    $"{options.Input}: '{sources[target]}' and '{relative}' would both become '{target}'; rename one");
        }

        if (pictures.Length == 0)
            throw new RobustifyException($"{options.Input}: holds no .png, .jpg, .jpeg or .webp file; name a folder of pictures");
        string[] others = [.. all.Where(path => !ImageFile.HasPictureExtension(path))];
        return new CorruptionFiles(options, pictures, others, null, options.Encoding) { IsFolder = true };
    }

    /// <summary>Relative paths of all pictures below a folder, in the order of their sample indices.</summary>
    internal static IEnumerable<string> RelativePaths(string folder) => List(folder).Where(path => ImageFile.HasPictureExtension(path));

    private static string[] List(string folder)
    {
        try
        {
            // Links are followed, but not in a circle. Hidden names belong to tools, not to a set.
            var found = new System.IO.Enumeration.FileSystemEnumerable<string>(
                folder,
                (ref System.IO.Enumeration.FileSystemEntry entry) => entry.ToFullPath(),
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
            {
                ShouldIncludePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => !entry.IsDirectory && !IsHidden(entry.FileName),
                ShouldRecursePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => !IsHidden(entry.FileName)
                    && ((entry.Attributes & FileAttributes.ReparsePoint) == 0 || !IsCircle(entry.ToFullPath())),
            };
            string[] paths = [.. found.Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))];
            // '/' before every other character compares paths name by name: "a/x" before "a-b/x".
            return [.. paths.OrderBy(path => path.AsSpan().Count('/') == 1 ? 0 : 1).ThenBy(path => path.Replace('/', '\0'), StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException(
                $"{folder}: cannot be listed ({error.Message.ReplaceLineEndings(" ")}); check its permissions", error);
        }
    }

    // A link to a folder that it lies in.
    private static bool IsCircle(string link)
    {
        string target = RealPath.Of(link);
        for (string? around = Path.GetDirectoryName(link); around is not null; around = Path.GetDirectoryName(around))
        {
            if (RealPath.Of(around) == target)
                return true;
        }

        return false;
    }

    private static bool IsHidden(ReadOnlySpan<char> name) => name.StartsWith('.');

    private static bool Contains(string outer, string inner) =>
        inner == outer || inner.StartsWith(Path.EndsInDirectorySeparator(outer) ? outer : outer + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Extension(ImageEncoding encoding) => encoding == ImageEncoding.Jpeg ? ".jpg" : ".png";
}
