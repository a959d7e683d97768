using System.Globalization;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>
/// The classes among which a suite lets a model choose. Distributions over the model's classes become distributions over these; a mask takes
/// the softmax over the remaining logits alone, which is the full softmax renormalised.
/// </summary>
internal sealed class ClassSpace
{
    private readonly int[][]? groups;
    private readonly Dictionary<int, int> rankOfClass = [];

    private ClassSpace(string description, int[][]? groups, bool labelsAreGroups)
    {
        (Description, this.groups, LabelsAreGroups) = (description, groups, labelsAreGroups);
        for (int g = 0; g < groups?.Length; g++)
        {
            foreach (int c in groups[g])
                rankOfClass.TryAdd(c, g);
        }
    }

    /// <summary>All classes of the model.</summary>
    public static ClassSpace All { get; } = new("all classes", null, labelsAreGroups: false);

    /// <summary>For results: what the model chose among.</summary>
    public string Description { get; }

    /// <summary>Whether a source's labels count this space's classes, not the model's.</summary>
    public bool LabelsAreGroups { get; }

    /// <summary>Whether the model chooses among fewer than all of its classes.</summary>
    public bool IsMasked => groups is not null;

    /// <summary>Some columns of the model's answer, in the order given; labels are the model's classes.</summary>
    public static ClassSpace Columns(string description, int[] columns) => new(description, [.. columns.Select(c => (int[])[c])], labelsAreGroups: false);

    /// <summary>Classes that are each the best of several of the model's; labels count the groups.</summary>
    public static ClassSpace Groups(string description, int[][] groups) => new(description, groups, labelsAreGroups: true);

    /// <summary>Classes to choose among.</summary>
    public int Count(int modelClasses) => groups?.Length ?? modelClasses;

    /// <summary>The same classes for a source whose labels are the model's classes.</summary>
    public ClassSpace WithModelLabels() => groups is null ? this : new(Description, groups, labelsAreGroups: false);

    /// <summary>A source's label in this space; -1 where it is not there.</summary>
    public int Label(int sourceLabel) =>
        groups is null || LabelsAreGroups ? sourceLabel : rankOfClass.GetValueOrDefault(sourceLabel, -1);

    /// <summary>Whether an answer among all of the model's classes means this label.</summary>
    public bool Means(int modelClass, int label) =>
        groups is null ? modelClass == label : rankOfClass.TryGetValue(modelClass, out int rank) && rank == label;

    /// <summary>A class of this space by name.</summary>
    /// <param name="own">Its number here.</param>
    /// <param name="sourceNames">The source's class names, by the source's labels.</param>
    public string Name(int own, IReadOnlyList<string> sourceNames)
    {
        int named = groups is null || LabelsAreGroups ? own : groups[own][0];
        return named < sourceNames.Count ? sourceNames[named] : string.Create(CultureInfo.InvariantCulture, $"class {named}");
    }

    /// <summary>The distribution over this space's classes.</summary>
    /// <param name="probabilities">Over the model's classes.</param>
    /// <param name="buffer">Room for <see cref="Count"/> values.</param>
    public ReadOnlySpan<float> Project(ReadOnlySpan<float> probabilities, Span<float> buffer)
    {
        if (groups is null)
            return probabilities;
        float sum = 0;
        for (int g = 0; g < groups.Length; g++)
        {
            float best = 0;
            foreach (int c in groups[g])
                best = Math.Max(best, probabilities[c]);
            sum += buffer[g] = best;
        }

        var projected = buffer[..groups.Length];
        if (sum > 0)
        {
            foreach (ref float p in projected)
                p /= sum;
        }
        else
            projected.Fill(1f / groups.Length); // all lie more than a float's range below the best class outside: no preference is left
        return projected;
    }
}
