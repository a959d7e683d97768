using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>
/// The files of a <see cref="CorruptionJob"/>: every input with its output, in ordinal order of the relative path (separator '/'), which
/// gives each its sample index. Everything that can be refused without decoding is refused here, before anything is written.
/// </summary>
internal static class CorruptionFiles
{
    public static List<(string Input, string Output, ImageEncoding Encoding)> Resolve(CorruptionJobOptions options)
    {
        if (File.Exists(options.Input))
            return [ResolveFile(options)];
        if (!Directory.Exists(options.Input))
            throw new RobustifyException($"{options.Input}: no such file or folder; name a picture or a folder of pictures");
        return ResolveFolder(options);
    }

    private static (string Input, string Output, ImageEncoding Encoding) ResolveFile(CorruptionJobOptions options)
    {
        string output = options.Output;
        var encoding = options.Encoding;
        if (Directory.Exists(output))
            output = Path.Combine(output, Path.GetFileNameWithoutExtension(options.Input) + Extension(encoding));
        else
        {
            encoding = ImageFile.EncodingOf(output)
                ?? throw new RobustifyException($"{output}: the output's name must end in .png, .jpg or .jpeg, or be an existing folder");
        }

        if (RealPath.Of(output) == RealPath.Of(options.Input))
            throw new RobustifyException($"{output}: the output is the input itself; name another output");
        return (options.Input, output, encoding);
    }

    private static List<(string Input, string Output, ImageEncoding Encoding)> ResolveFolder(CorruptionJobOptions options)
    {
        if (File.Exists(options.Output))
            throw new RobustifyException($"{options.Output}: is a file, a folder expected because the input is one; name a folder");
        string input = RealPath.Of(options.Input), output = RealPath.Of(options.Output);
        if (Contains(input, output) || Contains(output, input))
            throw new RobustifyException(
                $"{options.Output}: output and input folder lie within each other, so pictures could be overwritten; name a separate folder");

        var files = new List<(string, string, ImageEncoding)>();
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string relative in RelativePaths(input))
        {
            string target = Path.ChangeExtension(relative, Extension(options.Encoding));
            if (!sources.TryAdd(target, relative))
                throw new RobustifyException(
                    $"{options.Input}: '{sources[target]}' and '{relative}' would both become '{target}'; rename one");
            files.Add((Path.Combine(options.Input, relative), Path.Combine(options.Output, target), options.Encoding));
        }

        if (files.Count == 0)
            throw new RobustifyException($"{options.Input}: holds no .png, .jpg, .jpeg or .webp file; name a folder of pictures");
        return files;
    }

    internal static IEnumerable<string> RelativePaths(string folder)
    {
        try
        {
            // Links to folders are not followed (they may form a circle); links to files are.
            var found = new System.IO.Enumeration.FileSystemEnumerable<string>(
                folder,
                (ref System.IO.Enumeration.FileSystemEntry entry) => entry.ToFullPath(),
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
            {
                ShouldIncludePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) =>
                    !entry.IsDirectory && ImageFile.HasPictureExtension(entry.FileName),
                ShouldRecursePredicate = (ref System.IO.Enumeration.FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
            };
            return found.Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
                .Order(StringComparer.Ordinal).ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException(
                $"{folder}: cannot be listed ({error.Message.ReplaceLineEndings(" ")}); check its permissions", error);
        }
    }

    private static bool Contains(string outer, string inner) =>
        inner == outer || inner.StartsWith(Path.EndsInDirectorySeparator(outer) ? outer : outer + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Extension(ImageEncoding encoding) => encoding == ImageEncoding.Jpeg ? ".jpg" : ".png";
}
