namespace Robustify.Kernels.Random;

/// <summary>
/// A sequence of random draws. The product draws from <see cref="PhiloxStream"/>; tests replay recorded draws. The fills are for whole
/// images: a stream may compute them many at a time, and then what they give need not be what single draws would have given.
/// </summary>
public interface IRandomStream
{
    /// <summary>Uniform on [0, 1).</summary>
    double NextUniform();

    /// <summary>Standard normal.</summary>
    double NextNormal();

    /// <summary>Uniform integer in [<paramref name="low"/>, <paramref name="high"/>): the upper bound is exclusive.</summary>
    int NextInteger(int low, int high);

    /// <summary>Uniform 32-bit words: word / 2^32 is uniform on [0, 1).</summary>
    void FillWords(Span<uint> words)
    {
        for (int i = 0; i < words.Length; i++)
            words[i] = (uint)(NextUniform() * 4294967296.0);
    }

    /// <summary>Standard normals in single precision.</summary>
    void FillNormals(Span<float> normals)
    {
        for (int i = 0; i < normals.Length; i++)
            normals[i] = (float)NextNormal();
    }
}
