namespace Robustify.Cli.Verbs;

/// <summary>Channels a corruption works on.</summary>
internal enum CorruptedChannels
{
    AsStored,
    Grey,
    Rgb,
}
