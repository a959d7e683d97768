namespace Robustify.Kernels.Random;

/// <summary>A sequence of random draws. The product draws from <see cref="PhiloxStream"/>; tests replay recorded draws.</summary>
public interface IRandomStream
{
    /// <summary>Uniform on [0, 1).</summary>
    double NextUniform();

    /// <summary>Standard normal.</summary>
    double NextNormal();

    /// <summary>Uniform integer in [<paramref name="low"/>, <paramref name="high"/>): the upper bound is exclusive.</summary>
    int NextInteger(int low, int high);
}
