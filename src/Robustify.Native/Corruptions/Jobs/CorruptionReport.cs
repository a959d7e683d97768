namespace Robustify.Native.Corruptions.Jobs;

/// <summary>What a <see cref="CorruptionJob"/> did.</summary>
/// <param name="Written">Files written.</param>
/// <param name="Kept">Files that an earlier run of the same job had already written.</param>
/// <param name="Unusable">Pictures that could not be read or decoded, with the reason; in order of their paths.</param>
/// <param name="PassedOver">Files of the input folder that are no pictures by their names; hidden ones are not looked at.</param>
/// <param name="Caveats">Why figures measured on the files are not comparable with published ones.</param>
public sealed record CorruptionReport(
    int Written, int Kept, IReadOnlyList<(string Path, string Reason)> Unusable, IReadOnlyList<string> PassedOver, IReadOnlyList<string> Caveats);
