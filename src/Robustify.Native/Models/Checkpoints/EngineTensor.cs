using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>A tensor by its engine name and shape, and where it lies in a file.</summary>
/// <param name="Name">The engine's name.</param>
/// <param name="Shape">The engine's shape.</param>
/// <param name="PublishedShape">The shape in the file, the parts joined.</param>
/// <param name="Sources">The names in the file: one, or the parts in order.</param>
/// <param name="Join">How the parts become one.</param>
/// <param name="IsTransposed">Whether the file has the matrix the other way round.</param>
internal sealed record EngineTensor(string Name, int[] Shape, int[] PublishedShape, string[] Sources, PartJoin Join, bool IsTransposed)
{
    /// <summary>The name to show: with the file's own where that is another.</summary>
    public string ShownName => Sources[0] == Name ? $"'{OneLine.Of(Name)}'" : $"'{OneLine.Of(Name)}' ('{OneLine.Of(Sources[0])}')";
}

/// <summary>The tensors of a file under their engine names, in the order of the file.</summary>
internal sealed class EngineTensors
{
    private readonly ITensorFile file;
    private readonly Dictionary<string, string?[]> sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EngineTarget> targets = new(StringComparer.Ordinal);
    private readonly List<string> order = [];

    private EngineTensors(ITensorFile file) => this.file = file;

    /// <summary>By engine name.</summary>
    public Dictionary<string, EngineTensor> ByName { get; } = new(StringComparer.Ordinal);

    /// <summary>Engine names in the order in which the file first has a part of them.</summary>
    public List<string> Names { get; } = [];

    /// <summary>Engine names of which the file has some parts but not all.</summary>
    public HashSet<string> Incomplete { get; } = new(StringComparer.Ordinal);

    /// <summary>Translates every name of the file; a name the family does not know passes through unchanged.</summary>
    /// <exception cref="RobustifyException">Two tensors that mean one, parts of different shapes, or an extent beyond 32 bits.</exception>
    public static EngineTensors Of(ITensorFile file, NamingFamily? family)
    {
        var tensors = new EngineTensors(file);
        foreach (string published in file.Names)
            tensors.Place(published, family);
        foreach (string name in tensors.order)
            tensors.Finish(name);
        return tensors;
    }

    private void Place(string published, NamingFamily? family)
    {
        string bare = NamingFamily.WithoutPrefix(published);
        EngineTarget target = family?.Translate(bare) ?? new EngineTarget(bare);
        if (target.IsIgnored)
            return;
        string name = published[..^bare.Length] + target.Name;
        if (!sources.TryGetValue(name, out string?[]? parts))
        {
            sources.Add(name, parts = new string?[target.PartCount]);
            targets.Add(name, target);
            order.Add(name);
        }

        if (parts.Length != target.PartCount || parts[target.Part] is not null)
        {
            string other = Array.Find(parts, p => p is not null)!;
            throw new RobustifyException(
                $"{file.Path}: tensors '{OneLine.Of(other)}' and '{OneLine.Of(published)}' are both '{OneLine.Of(name)}', one expected; remove one");
        }

        parts[target.Part] = published;
    }

    private void Finish(string name)
    {
        string?[] parts = sources[name];
        if (Array.IndexOf(parts, null) >= 0)
        {
            Incomplete.Add(name);
            return;
        }

        file.TryGet(parts[0]!, out TensorEntry first);
        foreach (string? part in parts.AsSpan(1))
        {
            file.TryGet(part!, out TensorEntry entry);
            if (!entry.Shape.AsSpan().SequenceEqual(first.Shape) || entry.Shape.Length == 0)
            {
                throw new RobustifyException(
                    $"{file.Path}: tensor '{OneLine.Of(part!)}' has shape {OneLine.Shape<long>(entry.Shape)}, that of '{OneLine.Of(parts[0]!)}' expected, "
                    + $"{OneLine.Shape<long>(first.Shape)}; use an intact checkpoint");
            }
        }

        try
        {
            int[] published = Array.ConvertAll(first.Shape, extent => checked((int)extent));
            PartJoin join = targets[name].Join;
            if (parts.Length > 1 && join != PartJoin.Mean)
            {
                int axis = join == PartJoin.Rows ? 0 : published.Length - 1;
                published[axis] = checked(published[axis] * parts.Length);
            }

            bool isTransposed = targets[name].IsTransposed && published.Length == 2;
            int[] shape = isTransposed ? [published[1], published[0]] : WeightLayout.ToEngine(name, published);
            ByName.Add(name, new EngineTensor(name, shape, published, parts!, join, isTransposed));
            Names.Add(name);
        }
        catch (OverflowException)
        {
            throw new RobustifyException(
                $"{file.Path}: tensor '{OneLine.Of(parts[0]!)}' has shape {OneLine.Shape<long>(first.Shape)}, extents within 32 bits expected; "
                + "use an intact checkpoint");
        }
    }
}
