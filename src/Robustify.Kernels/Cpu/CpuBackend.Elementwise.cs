using System.Numerics.Tensors;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>Sums, copies and the layers that drop elements or whole branches.</summary>
public sealed unsafe partial class CpuBackend
{
    // As in Simd.Elementwise: long enough to hide the hand-over. A multiple of 4, so that a Philox block never straddles two pieces.
    private const int FlatPieceLength = 16384;

    /// <inheritdoc cref="IBackend.Add"/>
    public void Add(TensorView a, TensorView b, TensorView y)
    {
        var body = new AddPieces { A = a.Floats, B = b.Floats, Y = y.Floats, Count = y.Shape.Count };
        threads.For(FlatPieces(body.Count), ref body);
    }

    /// <inheritdoc cref="IBackend.Copy"/>
    public void Copy(TensorView x, TensorView y, bool accumulate)
    {
        if (accumulate)
        {
            Add(y, x, y);
            return;
        }

        var body = new CopyPieces { X = x.Floats, Y = y.Floats, Count = y.Shape.Count };
        threads.For(FlatPieces(body.Count), ref body);
    }

    /// <inheritdoc cref="IBackend.Dropout"/>
    public void Dropout(TensorView x, TensorView sampleIds, TensorView y, in DropoutDraw draw, bool accumulate)
    {
        var body = new DropoutPieces
        {
            X = x.Floats, Y = y.Floats, SampleIds = sampleIds.Integers, SampleLength = x.Shape.Count / x.Shape[0],
            Seed = draw.Seed, Purpose = draw.Purpose, Epoch = (uint)*draw.Epoch.Integers, Probability = draw.Probability,
            KeepScale = KeepScale(draw.Probability), Accumulate = accumulate,
        };
        threads.For(checked(x.Shape[0] * FlatPieces(body.SampleLength)), ref body);
    }

    /// <inheritdoc cref="IBackend.StochasticDepth"/>
    public void StochasticDepth(TensorView x, TensorView branch, TensorView sampleIds, TensorView y, in DropoutDraw draw)
    {
        var body = new StochasticDepthPieces
        {
            X = x.Floats, Branch = branch.Floats, Y = y.Floats, SampleIds = sampleIds.Integers, SampleLength = y.Shape.Count / y.Shape[0],
            Seed = draw.Seed, Purpose = draw.Purpose, Epoch = (uint)*draw.Epoch.Integers, Probability = draw.Probability,
            KeepScale = KeepScale(draw.Probability),
        };
        threads.For(checked(y.Shape[0] * FlatPieces(body.SampleLength)), ref body);
    }

    // With probability 1 nothing is kept, so the scale is never used; it must only not be infinite.
    private static float KeepScale(float probability) => probability < 1 ? 1 / (1 - probability) : 0;

    private static int FlatPieces(long count) => checked((int)((count + FlatPieceLength - 1) / FlatPieceLength));

    private static Span<float> FlatPiece(float* values, int index, long count)
    {
        long first = (long)index * FlatPieceLength;
        return new Span<float>(values + first, (int)Math.Min(FlatPieceLength, count - first));
    }

    private struct AddPieces : IParallelBody
    {
        public float* A;
        public float* B;
        public float* Y;
        public long Count;

        public readonly void Invoke(int index, int worker) =>
            TensorPrimitives.Add<float>(FlatPiece(A, index, Count), FlatPiece(B, index, Count), FlatPiece(Y, index, Count));
    }

    private struct CopyPieces : IParallelBody
    {
        public float* X;
        public float* Y;
        public long Count;

        public readonly void Invoke(int index, int worker) => FlatPiece(X, index, Count).CopyTo(FlatPiece(Y, index, Count));
    }

    private struct DropoutPieces : IParallelBody
    {
        public float* X;
        public float* Y;
        public int* SampleIds;
        public long SampleLength;
        public ulong Seed;
        public uint Purpose;
        public uint Epoch;
        public float Probability;
        public float KeepScale;
        public bool Accumulate;

        public readonly void Invoke(int index, int worker)
        {
            var (sample, piece) = Math.DivRem(index, FlatPieces(SampleLength));
            var x = FlatPiece(X + sample * SampleLength, piece, SampleLength);
            var y = FlatPiece(Y + sample * SampleLength, piece, SampleLength);
            uint id = (uint)SampleIds[sample], block = (uint)piece * (FlatPieceLength / 4);
            Span<uint> words = stackalloc uint[4];
            for (int first = 0; first < x.Length; first += 4, block++)
            {
                (words[0], words[1], words[2], words[3]) = Philox.Block(Seed, Purpose, Epoch, id, block);
                int end = Math.Min(4, x.Length - first);
                for (int i = 0; i < end; i++)
                {
                    float value = Philox.ToUnitFloat(words[i]) >= Probability ? x[first + i] * KeepScale : 0;
                    y[first + i] = Accumulate ? y[first + i] + value : value;
                }
            }
        }
    }

    private struct StochasticDepthPieces : IParallelBody
    {
        public float* X;
        public float* Branch;
        public float* Y;
        public int* SampleIds;
        public long SampleLength;
        public ulong Seed;
        public uint Purpose;
        public uint Epoch;
        public float Probability;
        public float KeepScale;

        public readonly void Invoke(int index, int worker)
        {
            var (sample, piece) = Math.DivRem(index, FlatPieces(SampleLength));
            long start = sample * SampleLength;
            var branch = FlatPiece(Branch + start, piece, SampleLength);
            var y = FlatPiece(Y + start, piece, SampleLength);
            bool keep = Philox.ToUnitFloat(Philox.Block(Seed, Purpose, Epoch, (uint)SampleIds[sample], 0).X) >= Probability;
            if (X == null)
            {
                if (keep)
                    TensorPrimitives.Multiply(branch, KeepScale, y);
                else
                    y.Clear();
                return;
            }

            var x = FlatPiece(X + start, piece, SampleLength);
            if (keep)
                TensorPrimitives.MultiplyAdd(branch, KeepScale, x, y);
            else
                x.CopyTo(y);
        }
    }
}
