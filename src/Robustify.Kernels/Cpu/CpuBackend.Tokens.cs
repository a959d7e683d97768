using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Patchify(TensorView x, TensorView y, int patch)
    {
        var body = new PatchifyBody(x.Floats, y.Floats, x.Shape, patch);
        threads.For(x.Shape[0], ref body);
    }

    /// <inheritdoc/>
    public void PatchifyGradient(TensorView dy, TensorView dx, int patch, bool accumulate)
    {
        var body = new PatchifyGradientBody { Layout = new PatchifyBody(dx.Floats, dy.Floats, dx.Shape, patch), Accumulate = accumulate };
        threads.For(dx.Shape[0], ref body);
    }

    /// <inheritdoc/>
    public void AssembleTokens(TensorView patches, TensorView classToken, TensorView positions, TensorView y)
    {
        var body = new AssembleTokensBody
        {
            Patches = patches.Floats, ClassToken = classToken.Floats, Positions = positions.Floats, Y = y.Floats, Tokens = y.Shape[1],
            Width = y.Shape[2],
        };
        threads.For(y.Shape[0], ref body);
    }

    /// <inheritdoc/>
    public void AssembleTokensGradient(
        TensorView dy, TensorView dpatches, TensorView dclassToken, TensorView dpositions, bool accumulatePatches, bool accumulateParameters)
    {
        int samples = dy.Shape[0], tokens = dy.Shape[1], width = dy.Shape[2];
        if (!dpatches.IsAbsent)
        {
            var body = new PatchTokensGradientBody
            {
                Dy = dy.Floats, Dpatches = dpatches.Floats, Tokens = tokens, Skip = tokens - dpatches.Shape[1], Width = width,
                Accumulate = accumulatePatches,
            };
            threads.For(samples, ref body);
        }

        if (!dpositions.IsAbsent)
            BiasGradient(dy.As(new Shape(samples, tokens * width)), dpositions.As(new Shape(tokens * width)), accumulateParameters);
        if (dclassToken.IsAbsent)
            return;
        if (!accumulateParameters)
            dclassToken.Span.Clear();
        for (int sample = 0; sample < samples; sample++)
        {
            var add = new AddInPlace { Y = dclassToken.Floats, X = dy.Floats + (long)sample * tokens * width };
            Elementwise.Range(ref add, 0, width);
        }
    }

    /// <inheritdoc/>
    public void SelectFirstToken(TensorView x, TensorView y)
    {
        int samples = x.Shape[0], tokens = x.Shape[1], width = x.Shape[2];
        for (int sample = 0; sample < samples; sample++)
            new Span<float>(x.Floats + (long)sample * tokens * width, width).CopyTo(new Span<float>(y.Floats + (long)sample * width, width));
    }

    /// <inheritdoc/>
    public void SelectFirstTokenGradient(TensorView dy, TensorView dx, bool accumulate)
    {
        int samples = dx.Shape[0], tokens = dx.Shape[1], width = dx.Shape[2];
        for (int sample = 0; sample < samples; sample++)
        {
            float* destination = dx.Floats + (long)sample * tokens * width;
            if (accumulate)
            {
                var add = new AddInPlace { Y = destination, X = dy.Floats + (long)sample * width };
                Elementwise.Range(ref add, 0, width);
            }
            else
            {
                new Span<float>(dy.Floats + (long)sample * width, width).CopyTo(new Span<float>(destination, width));
                new Span<float>(destination + width, (tokens - 1) * width).Clear();
            }
        }
    }

    /// <summary>Where each run of patch pixels lies in the image and in the patch sequence.</summary>
    private readonly struct PatchifyBody(float* image, float* patches, Shape shape, int patch) : IParallelBody
    {
        public int Run => patch * shape[3];

        public int Count => shape[1] / patch * (shape[2] / patch) * patch;

        public float* InImage(int sample, int run)
        {
            int row = run % patch, position = run / patch, across = shape[2] / patch;
            return image + ((((long)sample * shape[1] + position / across * patch + row) * shape[2]) + position % across * patch) * shape[3];
        }

        public float* InPatches(int sample, int run) => patches + ((long)sample * Count + run) * Run;

        public void Invoke(int sample, int worker)
        {
            for (int run = 0; run < Count; run++)
                new Span<float>(InImage(sample, run), Run).CopyTo(new Span<float>(InPatches(sample, run), Run));
        }
    }

    private struct PatchifyGradientBody : IParallelBody
    {
        public PatchifyBody Layout;
        public bool Accumulate;

        public readonly void Invoke(int sample, int worker)
        {
            for (int run = 0; run < Layout.Count; run++)
            {
                float* destination = Layout.InImage(sample, run), source = Layout.InPatches(sample, run);
                for (int i = 0; i < Layout.Run; i++)
                    destination[i] = Accumulate ? destination[i] + source[i] : source[i];
            }
        }
    }

    private struct AssembleTokensBody : IParallelBody
    {
        public float* Patches, ClassToken, Positions, Y;
        public int Tokens, Width;

        public readonly void Invoke(int sample, int worker)
        {
            int skip = ClassToken == null ? 0 : 1;
            float* y = Y + (long)sample * Tokens * Width;
            if (skip == 1)
                new Span<float>(ClassToken, Width).CopyTo(new Span<float>(y, Width));
            int patchFloats = (Tokens - skip) * Width;
            new Span<float>(Patches + (long)sample * patchFloats, patchFloats).CopyTo(new Span<float>(y + skip * Width, patchFloats));
            var add = new AddInPlace { Y = y, X = Positions };
            Elementwise.Range(ref add, 0, Tokens * Width);
        }
    }

    private struct PatchTokensGradientBody : IParallelBody
    {
        public float* Dy, Dpatches;
        public int Tokens, Skip, Width;
        public bool Accumulate;

        public readonly void Invoke(int sample, int worker)
        {
            int floats = (Tokens - Skip) * Width;
            float* source = Dy + ((long)sample * Tokens + Skip) * Width, destination = Dpatches + (long)sample * floats;
            if (Accumulate)
            {
                var add = new AddInPlace { Y = destination, X = source };
                Elementwise.Range(ref add, 0, floats);
            }
            else
            {
                new Span<float>(source, floats).CopyTo(new Span<float>(destination, floats));
            }
        }
    }
}
