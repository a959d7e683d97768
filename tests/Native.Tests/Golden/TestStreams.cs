using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Golden;

/// <summary>The stream behind golden_corruptions: splitmix64, 53-bit uniforms, Box–Muller with the cosine branch.</summary>
public sealed class SplitMix64Stream(ulong seed) : IRandomStream
{
    private ulong state = seed;

    public double NextUniform()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / 9007199254740992.0);
    }

    public double NextNormal()
    {
        double u1 = NextUniform(), u2 = NextUniform();
        return Math.Sqrt(-2 * Math.Log(1 - u1)) * Math.Cos(2 * Math.PI * u2);
    }

    public int NextInteger(int low, int high) => low + (int)Math.Floor(NextUniform() * (high - low));
}

/// <summary>Replays recorded draws, each kind from its own list; a draw that was not recorded is an error.</summary>
public sealed class RecordedDraws(float[]? normals = null, double[]? uniforms = null, int[]? integers = null) : IRandomStream
{
    private int nextNormal;
    private int nextUniform;
    private int nextInteger;

    public double NextNormal() => Take(normals, ref nextNormal, "normal");

    public double NextUniform() => Take(uniforms, ref nextUniform, "uniform");

    public int NextInteger(int low, int high) => Take(integers, ref nextInteger, "integer");

    private static T Take<T>(T[]? draws, ref int next, string what) =>
        draws is not null ? draws[next++] : throw new InvalidOperationException($"a {what} was drawn where none is recorded");
}

/// <summary>For corruptions that must not draw at all.</summary>
public sealed class NoDraws : IRandomStream
{
    public double NextNormal() => throw new InvalidOperationException("a deterministic corruption drew a normal");

    public double NextUniform() => throw new InvalidOperationException("a deterministic corruption drew a uniform");

    public int NextInteger(int low, int high) => throw new InvalidOperationException("a deterministic corruption drew an integer");
}
