namespace Robustify.Kernels.Tensors;

/// <summary>Up to four extents, outermost first. Row-major; images are [batch, height, width, channels].</summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly int d0, d1, d2, d3;

    /// <param name="extents">One to four extents, each at least 1.</param>
    public Shape(params ReadOnlySpan<int> extents)
    {
        if (extents.Length is < 1 or > 4)
            throw new ArgumentException($"a shape has 1 to 4 extents, not {extents.Length}");
        Rank = extents.Length;
        long count = 1;
        foreach (int extent in extents)
        {
            if (extent < 1)
                throw new RobustifyException($"shape [{string.Join(", ", extents.ToArray())}]: extent {extent} found, at least 1 expected");
            count *= extent;
            if (count > int.MaxValue)
                throw new RobustifyException($"shape [{string.Join(", ", extents.ToArray())}]: more than 2147483647 elements; use a smaller batch or image");
        }

        Count = count;
        d0 = extents[0];
        d1 = Rank > 1 ? extents[1] : 0;
        d2 = Rank > 2 ? extents[2] : 0;
        d3 = Rank > 3 ? extents[3] : 0;
    }

    /// <summary>Number of extents, 1 to 4.</summary>
    public int Rank { get; }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>The last extent: elements that lie side by side.</summary>
    public int Columns => this[Rank - 1];

    /// <summary>Product of all extents but the last.</summary>
    public int Rows => checked((int)(Count / Columns));

    /// <summary>Extent number <paramref name="axis"/>, from 0.</summary>
    public int this[int axis] => axis switch
    {
        0 => d0,
        1 when Rank > 1 => d1,
        2 when Rank > 2 => d2,
        3 when Rank > 3 => d3,
        _ => throw new ArgumentOutOfRangeException(nameof(axis)),
    };

    /// <inheritdoc/>
    public bool Equals(Shape other) => (Rank, d0, d1, d2, d3) == (other.Rank, other.d0, other.d1, other.d2, other.d3);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, d0, d1, d2, d3);

    /// <summary>The extents as an array.</summary>
    public int[] ToArray()
    {
        var extents = new int[Rank];
        for (int axis = 0; axis < Rank; axis++)
            extents[axis] = this[axis];
        return extents;
    }

    /// <summary>For messages: <c>[64, 50, 128]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";

    /// <summary>Equality of all extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Inequality of any extent.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);
}
