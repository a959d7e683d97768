namespace Robustify.Cli.Options;

/// <summary>For what can be on by default, so that it can also be switched off.</summary>
internal enum Switch
{
    Off,
    On,
}
