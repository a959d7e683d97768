using System.Runtime.ExceptionServices;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Pieces of a checkpoint to read, done by all cores: a large tensor is many pieces, so that the last one keeps nobody waiting.</summary>
internal sealed unsafe class LoadingWork
{
    // Fits the second-level cache, where it is then looked over; few enough that handing out costs nothing.
    private const int PieceBytes = 1 << 19;

    private readonly List<Action> pieces = [];
    private readonly List<Copy> copies = [];

    /// <summary>A piece that looks after itself.</summary>
    public void Add(Action read) => pieces.Add(read);

    /// <summary>Float32 of a file, as they are.</summary>
    public void AddCopy(MappedFile file, long offset, nint destination, int bytes)
    {
        for (int begin = 0; begin < bytes; begin += PieceBytes)
            copies.Add(new Copy(file, offset + begin, destination + begin, Math.Min(PieceBytes, bytes - begin)));
    }

    /// <summary>Does all of it; false where a copied piece holds a NaN or an infinity.</summary>
    public bool Run()
    {
        int next = -1, total = pieces.Count + copies.Count;
        bool isFinite = true;
        Exception? failure = null;
        Parallel.For(0, Math.Min(Environment.ProcessorCount, total), _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < total && failure is null; i = Interlocked.Increment(ref next))
            {
                try
                {
                    // The pieces of one tensor each come first: they may be the longest.
                    if (i < pieces.Count)
                        pieces[i]();
                    else if (!copies[i - pieces.Count].Read())
                        isFinite = false;
                }
                catch (Exception e)
                {
                    failure = e;
                }
            }
        });
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return isFinite;
    }

    private readonly record struct Copy(MappedFile File, long Offset, nint Destination, int Bytes)
    {
        public bool Read()
        {
            var destination = new Span<byte>((void*)Destination, Bytes);
            File.Read(Offset, destination);
            return FloatConversion.AreFinite(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(destination));
        }
    }
}
