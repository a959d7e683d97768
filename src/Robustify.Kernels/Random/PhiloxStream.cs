using System.Runtime.InteropServices;

namespace Robustify.Kernels.Random;

/// <summary>
/// The draws that belong to one (seed, purpose, epoch, sample): counter = (purpose, epoch, sample, block), four words a block.
/// A caller keeps one instance per worker and calls <see cref="Reset"/> for each sample.
/// </summary>
public sealed class PhiloxStream : IRandomStream
{
    private ulong seed;
    private uint purpose;
    private uint epoch;
    private uint sample;
    private uint block;
    private int used = 4;
    private (uint X, uint Y, uint Z, uint W) words;

    /// <summary>A stream at its first draw.</summary>
    public PhiloxStream(ulong seed, RandomPurpose purpose, uint epoch, uint sample) => Reset(seed, (uint)purpose, epoch, sample);

    /// <summary>Moves to the first draw of another counter; <paramref name="purpose"/> may carry more than the bare enum value.</summary>
    public void Reset(ulong seed, uint purpose, uint epoch, uint sample)
    {
        this.seed = seed;
        this.purpose = purpose;
        this.epoch = epoch;
        this.sample = sample;
        block = 0;
        used = 4;
    }

    /// <summary>The next 32-bit word.</summary>
    public uint NextWord()
    {
        if (used == 4)
        {
            words = Philox.Block(seed, purpose, epoch, sample, block++);
            used = 0;
        }

        return used++ switch { 0 => words.X, 1 => words.Y, 2 => words.Z, _ => words.W };
    }

    /// <inheritdoc/>
    public double NextUniform()
    {
        ulong high = NextWord() >> 5, low = NextWord() >> 6; // 27 + 26 = 53 bits
        return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
    }

    /// <summary>Box–Muller, cosine branch only, so that a draw always takes the same number of words.</summary>
    public double NextNormal()
    {
        double u1 = NextUniform(), u2 = NextUniform();
        return Math.Sqrt(-2 * Math.Log(1 - u1)) * Math.Cos(2 * Math.PI * u2);
    }

    /// <summary>
    /// Whole blocks: what is left of the block in hand is passed over, and so is what is left of the last one. Fills of 4 k words in
    /// pieces of 4 j give the same words as one fill.
    /// </summary>
    public void FillWords(Span<uint> words)
    {
        PhiloxLanes.Fill(seed, purpose, epoch, sample, block, words);
        block += (uint)((words.Length + 3) / 4);
        used = 4;
    }

    /// <summary>Passes over the words that a fill of so many words or normals would take.</summary>
    internal void PassOver(long words)
    {
        block += (uint)((words + 3) / 4);
        used = 4;
    }

    /// <summary>Words taken so far: the number of the next one.</summary>
    internal uint Position => 4 * block + (uint)used - 4;

    /// <summary>The words before the block's number of this stream's counters.</summary>
    internal (uint Purpose, uint Epoch, uint Sample) Counter => (purpose, epoch, sample);

    /// <summary>Passes over so many words.</summary>
    internal void Skip(uint words)
    {
        uint position = Position + words;
        (block, used) = (position / 4, (int)(position % 4));
        if (used == 0)
            used = 4;
        else
            this.words = Philox.Block(seed, purpose, epoch, sample, block++);
    }

    /// <summary>Normals 2 i and 2 i + 1 come from words 2 i and 2 i + 1 of <see cref="FillWords"/> by Box–Muller in single precision.</summary>
    public void FillNormals(Span<float> normals)
    {
        int whole = normals.Length - normals.Length % NormalDraws.Width;
        var words = MemoryMarshal.Cast<float, uint>(normals[..whole]);
        FillWords(words);
        NormalDraws.FromWords(words, normals);
        if (whole == normals.Length)
            return;
        Span<uint> lastWords = stackalloc uint[NormalDraws.Width];
        Span<float> last = stackalloc float[NormalDraws.Width];
        int rest = normals.Length - whole;
        lastWords.Clear();
        FillWords(lastWords[..((rest + 3) / 4 * 4)]);
        NormalDraws.FromWords(lastWords, last);
        last[..rest].CopyTo(normals[whole..]);
    }

    /// <inheritdoc/>
    public int NextInteger(int low, int high) => low + (int)(NextUniform() * ((long)high - low));
}
