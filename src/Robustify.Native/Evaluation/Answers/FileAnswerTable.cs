using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.Answers;

/// <summary>
/// Answers in a file of records in row order. What was written survives the process, and a benchmark of any size keeps no answer in
/// memory. A new file is all missing records (a hole, which takes no space).
/// </summary>
internal sealed class FileAnswerTable : AnswerTable
{
    private readonly SafeFileHandle file;
    private readonly string path;

    private FileAnswerTable(string path, SafeFileHandle file, int rows, int images) : base(rows, images) => (this.path, this.file) = (path, file);

    /// <summary>Opens the file of an earlier run where it is there and as long as expected, else makes a new one.</summary>
    /// <exception cref="RobustifyException">The file cannot be made.</exception>
    public static FileAnswerTable Open(string path, int rows, int images)
    {
        long length = (long)rows * images * Answer.Bytes;
        try
        {
            var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, FileOptions.RandomAccess);
            if (RandomAccess.GetLength(file) != length)
            {
                RandomAccess.SetLength(file, 0);
                RandomAccess.SetLength(file, length);
            }

            return new(path, file, rows, images);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refuse(path, e);
        }
    }

    public override void Write(int row, int first, ReadOnlySpan<Answer> answers)
    {
        try
        {
            RandomAccess.Write(file, MemoryMarshal.AsBytes(answers), PlaceOf(row, first, answers.Length) * Answer.Bytes);
        }
        catch (IOException e)
        {
            throw Refuse(path, e);
        }
    }

    public override void Read(int row, int first, Span<Answer> answers)
    {
        var bytes = MemoryMarshal.AsBytes(answers);
        long at = PlaceOf(row, first, answers.Length) * Answer.Bytes;
        for (int read = 0; read < bytes.Length;)
        {
            int count = RandomAccess.Read(file, bytes[read..], at + read);
            if (count == 0)
                throw new RobustifyException($"{OneLine.Of(path, 400)}: shorter than its own run made it; start the run again without --resume");
            read += count;
        }
    }

    public override void Dispose() => file.Dispose();

    private static RobustifyException Refuse(string path, Exception e) => new(
        $"{OneLine.Of(path, 400)}: cannot be written ({OneLine.Of(e.Message, 400)}); choose a run directory that can be written and has space", e);
}
