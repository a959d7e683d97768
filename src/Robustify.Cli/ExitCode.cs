namespace Robustify.Cli;

/// <summary>What the program tells its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    public const int Failed = 1;

    public const int BadInput = 2;

    // 128 + SIGINT, as shells report it.
    public const int Interrupted = 130;
}
