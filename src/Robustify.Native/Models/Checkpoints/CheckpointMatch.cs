using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Holds the tensors of a file against those a model wants.</summary>
internal static class CheckpointMatch
{
    private const int Listed = 5;

    /// <exception cref="RobustifyException">Anything does not fit: the first five and how many there are.</exception>
    public static void Require(
        CheckpointReader reader, EngineTensors tensors, IReadOnlyList<(string Name, int[] Shape)> wanted, Func<string, bool> isOptional)
    {
        var misfits = Misfits(reader, tensors, wanted, isOptional);
        int count = misfits.Count;
        if (count == 0)
            return;
        string more = count > Listed ? $" and {count - Listed} more" : "";
        throw new RobustifyException(
            $"{reader.Path}: {count} tensor{(count == 1 ? " does" : "s do")} not fit the model: {string.Join("; ", misfits.Take(Listed))}{more}; "
            + "use a checkpoint of this architecture");
    }

    /// <summary>Every tensor that is missing, misshapen or unknown, and what was expected.</summary>
    public static IReadOnlyList<string> Misfits(
        CheckpointReader reader, EngineTensors tensors, IReadOnlyList<(string Name, int[] Shape)> wanted, Func<string, bool> isOptional)
    {
        var misfits = new List<string>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, int[] shape) in wanted)
        {
            names.Add(name);
            if (tensors.ByName.TryGetValue(name, out EngineTensor? tensor))
            {
                if (!tensor.Shape.AsSpan().SequenceEqual(shape))
                    misfits.Add($"{tensor.ShownName} has shape {Found(tensor)}, {Expected(name, shape)} expected");
            }
            else if (!isOptional(name))
            {
                string how = tensors.Incomplete.Contains(name) ? "lacks its query, key or value part" : "is missing";
                misfits.Add($"{reader.Shown(name)} {how}, {Expected(name, shape)} expected");
            }
        }

        foreach (string name in tensors.Names)
        {
            if (!names.Contains(name) && !isOptional(name))
                misfits.Add($"{tensors.ByName[name].ShownName} of shape {Found(tensors.ByName[name])} is unknown to the model");
        }

        return misfits;
    }

    // Convolutions are shown as files have them, [O, I, KH, KW].
    private static string Found(EngineTensor tensor) => OneLine.Shape<int>(tensor.PublishedShape.Length == 4 ? tensor.PublishedShape : tensor.Shape);

    private static string Expected(string name, int[] shape) =>
        OneLine.Shape<int>(WeightLayout.ToPublished(name, shape) is { Length: 4 } published ? published : shape);
}
