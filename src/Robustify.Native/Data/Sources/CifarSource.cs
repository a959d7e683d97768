using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>
/// CIFAR-10 and CIFAR-100 (Krizhevsky 2009, "Learning multiple layers of features from tiny images") in the binary version: records of
/// one label byte (CIFAR-100: coarse, then fine) and 32x32 pixels, the red plane, the green, the blue. Held in memory as they are.
/// </summary>
public sealed class CifarSource : IImageSource
{
    private const int Side = 32;
    private const int PlaneLength = Side * Side;
    private const int CoarseClasses = 20;

    private readonly byte[] records;
    private readonly CifarKind kind;

    /// <summary>Reads one part of the set in <paramref name="folder"/> into memory.</summary>
    /// <exception cref="Kernels.RobustifyException">
    /// A file is missing, empty, no whole number of records long, of another length than its fellow training batches, or has a label
    /// out of range.
    /// </exception>
    public CifarSource(string folder, DataPart part, CifarKind kind)
    {
        this.kind = kind;
        ClassNames = SourceFile.ReadNames(Path.Combine(folder, NamesFile(kind)), kind == CifarKind.Cifar10 ? 10 : 100);
        string[] files = [.. FileNames(part, kind).Select(name => Path.Combine(folder, name))];
        records = ReadRecords(files);
        Count = records.Length / RecordLength;
        CheckLabels(files);
        Description = SourceFile.OneLine(
            $"{(kind == CifarKind.Cifar10 ? "CIFAR-10" : "CIFAR-100")} {part} part, {Count} RGB images of {Side}x{Side}, {folder}");
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    private int LabelLength => kind == CifarKind.Cifar10 ? 1 : 2;

    private int RecordLength => LabelLength + 3 * PlaneLength;

    /// <summary>The usual names of the files of one part.</summary>
    public static IReadOnlyList<string> FileNames(DataPart part, CifarKind kind) => (kind, part) switch
    {
        (CifarKind.Cifar10, DataPart.Train) =>
            ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        (CifarKind.Cifar10, _) => ["test_batch.bin"],
        (_, DataPart.Train) => ["train.bin"],
        _ => ["test.bin"],
    };

    /// <summary>The usual name of the list of class names.</summary>
    public static string NamesFile(CifarKind kind) => kind == CifarKind.Cifar10 ? "batches.meta.txt" : "fine_label_names.txt";

    /// <inheritdoc/>
    public int Label(int index) => records[index * RecordLength + LabelLength - 1];

    /// <inheritdoc/>
    public void Read(int index, Image8 destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        var planes = records.AsSpan(index * RecordLength + LabelLength, 3 * PlaneLength);
        ReadOnlySpan<byte> red = planes[..PlaneLength], green = planes.Slice(PlaneLength, PlaneLength), blue = planes[(2 * PlaneLength)..];
        destination.Reshape(Side, Side, 3);
        var pixels = destination.Pixels;
        for (int i = 0, at = 0; i < red.Length; i++, at += 3)
        {
            pixels[at] = red[i];
            pixels[at + 1] = green[i];
            pixels[at + 2] = blue[i];
        }
    }

    /// <summary>All lengths are checked before the memory is taken.</summary>
    private byte[] ReadRecords(string[] files)
    {
        var streams = new List<FileStream>();
        try
        {
            foreach (string path in files)
                streams.Add(SourceFile.Open(path, RecordLength, $"records of {RecordLength} bytes"));
            long first = streams[0].Length, total = first * files.Length;
            for (int i = 0; i < files.Length; i++)
            {
                long length = streams[i].Length;
                if (length % RecordLength != 0)
                    throw SourceFile.Refuse(files[i], $"{length} bytes found, a multiple of {RecordLength} expected; "
                        + "copy or download the file again");
                if (length != first) // a batch cut off between two records would pass for whole
                    throw SourceFile.Refuse(files[i], $"{length} bytes found, {first} expected as in {files[0]}; "
                        + "copy or download the file again");
            }

            if (total > SourceFile.MaxBytes)
                throw SourceFile.Refuse(files[0], $"{total} bytes of records found, at most {SourceFile.MaxBytes} supported; "
                    + "use a smaller set");
            var data = new byte[total];
            for (int i = 0; i < files.Length; i++)
                streams[i].ReadExactly(data.AsSpan((int)(i * first), (int)first));
            return data;
        }
        catch (Exception e) when (SourceFile.IsPlatformError(e))
        {
            throw SourceFile.Refuse(files[0], "cannot be read to its end; check the file and those beside it", e);
        }
        finally
        {
            foreach (var stream in streams)
                stream.Dispose();
        }
    }

    private void CheckLabels(string[] files)
    {
        int perFile = Count / files.Length;
        for (int index = 0; index < Count; index++)
        {
            int label = Label(index), coarse = records[index * RecordLength];
            if (label >= ClassNames.Count)
                throw WrongLabel("label", label, ClassNames.Count);
            if (LabelLength == 2 && coarse >= CoarseClasses)
                throw WrongLabel("coarse label", coarse, CoarseClasses);

            Exception WrongLabel(string what, int found, int classes) => SourceFile.Refuse(files[index / perFile],
                $"{what} {found} found in record {index % perFile}, 0..{classes - 1} expected; copy or download the file again");
        }
    }
}
