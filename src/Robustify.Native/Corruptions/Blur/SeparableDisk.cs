namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// A <see cref="DiskKernel"/> as what it was made of: a plain disk, whose sums over a row follow from those over the row above, and a small
/// separable blur of these sums. What the reference's blur does otherwise at the edge of its grid is left to a few corrections.
/// </summary>
internal sealed class SeparableDisk
{
    private const double Unit = 1.0 / (1 << 24); // of single precision: a rounding is off by so much, relatively
    private const double MostLevel = 260; // no partial sum is above

    // Weights of corrections are whole multiples of this, so that few are unlike and most are none.
    private const double CorrectionStep = 1.0 / (1 << 26);

    /// <param name="radius">Of the disk, in pixels.</param>
    /// <param name="blur">Weights of the pixels 0, 1, ... away.</param>
    /// <param name="exact">The kernel that is meant.</param>
    public SeparableDisk(double radius, float[] blur, DiskKernel.Ring[] exact)
    {
        int whole = (int)radius;
        Heights = [.. Enumerable.Range(-whole, 2 * whole + 1).Select(x => (int)Math.Sqrt(radius * radius - x * x))];
        int count = Heights.Sum(height => 2 * height + 1);
        Down = blur;
        Along = [.. blur.Select(weight => weight / count)];

        var wanted = exact.SelectMany(ring => ring.Offsets.Select(offset => (offset, ring.Weight))).ToDictionary();
        var missing = DiskKernel.Grid(Reach).Select(offset => (Offset: offset, Weight: wanted.GetValueOrDefault(offset) - WeightAt(offset))).ToArray();
        Corrections = [.. missing.GroupBy(tap => Math.Round(tap.Weight / CorrectionStep)).Where(taps => taps.Key != 0)
            .Select(taps => new Correction((float)(taps.Key * CorrectionStep), [.. taps.Select(tap => tap.Offset).Where(offset => offset.Y >= 0)]))];
        CorrectionTaps = Corrections.Sum(correction => correction.Offsets.Length);
        PairRows = [.. Corrections.SelectMany(correction => correction.Offsets).Select(offset => offset.Y).Distinct()];

        // Sums of pixels and of two such are exact. Each product and addition of the passes is rounded once, and so is that of a correction;
        // the exact kernel's own doubles are off by less than the last unit.
        int roundings = 2 * blur.Length + 1 + Corrections.Length + 1;
        double leftOut = 255 * missing.Sum(tap => Math.Abs(tap.Weight - Math.Round(tap.Weight / CorrectionStep) * CorrectionStep));
        Tolerance = (float)(leftOut + roundings * MostLevel * Unit);
    }

    /// <summary>For each column of the disk, left to right, the pixels above its middle, as many as below.</summary>
    public int[] Heights { get; }

    /// <summary>The blur's weights down the columns of pixels 0, 1, ... away.</summary>
    public float[] Down { get; }

    /// <summary>Those along the rows, divided by the disk's area.</summary>
    public float[] Along { get; }

    /// <summary>What is missing, as pixels of equal weight.</summary>
    public Correction[] Corrections { get; }

    /// <summary>Offsets of all <see cref="Corrections"/> together.</summary>
    public int CorrectionTaps { get; }

    /// <summary>The rows of <see cref="Corrections"/>, as distances from the middle.</summary>
    public int[] PairRows { get; }

    /// <summary>How far its sums, in levels, can lie from the exact ones.</summary>
    public float Tolerance { get; }

    /// <summary>The disk's radius.</summary>
    public int Radius => Heights.Length / 2;

    /// <summary>The blur's radius.</summary>
    public int BlurReach => Down.Length - 1;

    /// <summary>The largest offset in pixels.</summary>
    public int Reach => Radius + BlurReach;

    private double WeightAt((int X, int Y) offset)
    {
        double sum = 0;
        foreach (var (x, y) in DiskKernel.Grid(BlurReach))
        {
            var (fromX, fromY) = (offset.X - x, offset.Y - y);
            if (Math.Abs(fromX) <= Radius && Math.Abs(fromY) <= Heights[fromX + Radius])
                sum += (double)Down[Math.Abs(y)] * Along[Math.Abs(x)];
        }

        return sum;
    }

    /// <summary>Offsets in pixels at or below the middle; each stands for itself and its mirror image above, and those in the middle row for themselves.</summary>
    internal sealed record Correction(float Weight, (int X, int Y)[] Offsets);
}
