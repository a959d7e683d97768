namespace Robustify.Native.Files;

/// <summary>
/// Bytes of a file, asked for before it is opened: a pipe or a device claims none, and opening one might never return. Of a symbolic link, which
/// data sets and model caches are made of, those of the file it leads to.
/// </summary>
internal static class FileLength
{
    /// <exception cref="IOException">There is no file, or the link leads nowhere or in a circle.</exception>
    public static long Of(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target ? target.Length : file.Length;
    }
}
