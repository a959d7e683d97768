using Robustify.Kernels;
using Robustify.Kernels.Random;

namespace Robustify.Native.Data.Sources;

/// <summary>
/// Seeded, stratified choices of images. Every image draws its own key from Philox under (seed, purpose, index), and a class is put in
/// the order of its keys; so a choice depends on nothing but the seed and the labels.
/// </summary>
public static class DataSplit
{
    /// <summary>
    /// Parts a set into training and validation indices, each ascending. Of a class with n images, round(n x fraction) go to
    /// validation, but at least one and at most n - 1; a class of one image is for training.
    /// </summary>
    /// <param name="source">The set.</param>
    /// <param name="validationFraction">Share of each class for validation, in (0, 1).</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="RobustifyException">A fraction outside (0, 1), or no class with two images.</exception>
    public static (int[] Train, int[] Validation) Split(IImageSource source, double validationFraction, ulong seed)
    {
        if (!(validationFraction is > 0 and < 1))
            throw new RobustifyException($"split: validation fraction {validationFraction} found, more than 0 and less than 1 expected; "
                + "use for example 0.1");
        var train = new List<int>();
        var validation = new List<int>();
        foreach (int[] members in ShuffledClasses(source, RandomPurpose.Split, seed))
        {
            int held = Math.Clamp((int)Math.Round(members.Length * validationFraction), 1, Math.Max(1, members.Length - 1));
            if (members.Length == 1)
                held = 0;
            validation.AddRange(members.AsSpan(0, held));
            train.AddRange(members.AsSpan(held));
        }

        if (validation.Count == 0)
            throw new RobustifyException($"split: no class with two images in {source.Description}; use a larger set");
        train.Sort();
        validation.Sort();
        return ([.. train], [.. validation]);
    }

    /// <summary>
    /// The indices that <c>--limit</c> keeps, ascending; all of them where the set is no larger. Each class keeps its
    /// share (classes of one size differ by at most one image), and with one seed a smaller limit keeps a part of what a larger one keeps.
    /// </summary>
    /// <exception cref="RobustifyException"><paramref name="limit"/> is 0 or less.</exception>
    public static int[] Subset(IImageSource source, int limit, ulong seed)
    {
        if (limit <= 0)
            throw new RobustifyException($"limit: {limit} found, a number of images from 1 expected; leave it out for the whole set");
        // Image j of a class of n stands at (j + u) / n of it. Sorted by that place, any prefix holds the same share of each class, and
        // prefixes are nested. The offset u is drawn per class: a common one would always favour the large classes, or the first ones.
        var order = new List<(double Place, int Index)>(source.Count);
        foreach (int[] members in ShuffledClasses(source, RandomPurpose.Subset, seed))
        {
            double offset = new PhiloxStream(seed, RandomPurpose.Subset, epoch: 1, (uint)source.Label(members[0])).NextUniform();
            for (int j = 0; j < members.Length; j++)
                order.Add(((j + offset) / members.Length, members[j]));
        }

        order.Sort();
        int[] kept = [.. order.Take(limit).Select(image => image.Index)];
        Array.Sort(kept);
        return kept;
    }

    private static IEnumerable<int[]> ShuffledClasses(IImageSource source, RandomPurpose purpose, ulong seed) =>
        Enumerable.Range(0, source.Count)
            .GroupBy(source.Label)
            .Select(members => members.OrderBy(index => Key(seed, purpose, index)).ThenBy(index => index).ToArray());

    private static ulong Key(ulong seed, RandomPurpose purpose, int index)
    {
        var (x, y, _, _) = Philox.Block(seed, (uint)purpose, 0, (uint)index, 0);
        return (ulong)x << 32 | y;
    }
}
