namespace Robustify.Cli.Options;

/// <summary>How strong an operation of AugMix is.</summary>
internal enum OperationLevels
{
    Drawn,
    Highest,
}
