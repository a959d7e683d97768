namespace Robustify.Kernels.Cpu.Gemm;

/// <summary>
/// One operand of a matrix product, known only by how it is packed: a stored matrix, a transposed one, or the patches of an image that
/// are never written out as a matrix.
/// </summary>
internal unsafe interface IPanelSource
{
    /// <summary>
    /// Packs <paramref name="count"/> rows of op(A) (or columns of op(B)) from <paramref name="first"/>, depth <paramref name="k0"/> ..
    /// k0 + depth - 1, into panels of <paramref name="panel"/> rows: destination[(p * depth + k) * panel + r] holds row first + p * panel + r
    /// at depth k0 + k. Rows beyond count are zero.
    /// </summary>
    void Pack(float* destination, int first, int count, int k0, int depth, int panel);
}

/// <summary>A matrix whose depth index runs along memory: rows of A, or rows of W in x Wᵀ.</summary>
internal readonly unsafe struct DepthContiguous(float* data, int stride) : IPanelSource
{
    public void Pack(float* destination, int first, int count, int k0, int depth, int panel)
    {
        for (int row = 0; row < count; row += panel, destination += (long)depth * panel)
        {
            int rows = Math.Min(panel, count - row);
            float* source = data + (long)(first + row) * stride + k0;
            if (rows < panel)
                new Span<float>(destination, depth * panel).Clear();
            int r = 0;
            for (; r <= rows - 4; r += 4)
            {
                float* s0 = source + (long)r * stride, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
                float* d = destination + r;
                for (int k = 0; k < depth; k++, d += panel)
                {
                    d[0] = s0[k];
                    d[1] = s1[k];
                    d[2] = s2[k];
                    d[3] = s3[k];
                }
            }

            for (; r < rows; r++)
            {
                float* s = source + (long)r * stride;
                for (int k = 0; k < depth; k++)
                    destination[k * panel + r] = s[k];
            }
        }
    }
}

/// <summary>A matrix whose row (or column) index runs along memory: Aᵀ, or W in dy W.</summary>
internal readonly unsafe struct DepthStrided(float* data, int stride) : IPanelSource
{
    public void Pack(float* destination, int first, int count, int k0, int depth, int panel)
    {
        for (int row = 0; row < count; row += panel, destination += (long)depth * panel)
        {
            int rows = Math.Min(panel, count - row);
            float* source = data + (long)k0 * stride + first + row;
            float* d = destination;
            for (int k = 0; k < depth; k++, d += panel, source += stride)
            {
                new Span<float>(source, rows).CopyTo(new Span<float>(d, panel));
                if (rows < panel)
                    new Span<float>(d + rows, panel - rows).Clear();
            }
        }
    }
}
