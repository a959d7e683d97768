namespace Robustify.Native.Corruptions.Noise;

/// <summary>How many draws are made at a time: few enough for the first-level cache, whole Philox blocks so that cutting changes no draw.</summary>
internal static class NoiseChunk
{
    public const int Length = 4096;
}
