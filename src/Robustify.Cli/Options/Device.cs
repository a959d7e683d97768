namespace Robustify.Cli.Options;

/// <summary>Where to compute.</summary>
internal enum Device
{
    /// <summary>The best there is.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,
}
