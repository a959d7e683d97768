namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// Confidences and right or wrong of one condition, in order of falling confidence; equal ones in the order of the images. Eight bytes an
/// image, and the buffer serves the next condition again.
/// </summary>
internal sealed class RankedAnswers
{
    private ulong[] packed = [];

    /// <summary>Images.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets all.</summary>
    public void Clear() => Count = 0;

    /// <summary>Takes the next image.</summary>
    public void Add(float confidence, bool correct)
    {
        if (Count == packed.Length)
            Array.Resize(ref packed, Math.Max(1024, 2 * Count));

        // Confidences are not negative, so their bits order as they do; complemented, the largest comes first.
        uint order = ~BitConverter.SingleToUInt32Bits(Math.Max(0, confidence));
        packed[Count] = (ulong)order << 32 | (uint)Count << 1 | (correct ? 1u : 0);
        Count++;
    }

    /// <summary>Puts them in order; after the last <see cref="Add"/>.</summary>
    public void Rank() => Array.Sort(packed, 0, Count);

    /// <summary>Confidence at a rank.</summary>
    public float Confidence(int rank) => BitConverter.UInt32BitsToSingle(~(uint)(packed[rank] >> 32));

    /// <summary>Whether the answer at a rank is right.</summary>
    public bool IsCorrect(int rank) => (packed[rank] & 1) != 0;
}
