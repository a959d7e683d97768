namespace Robustify.Native.Data.Sources;

/// <summary>Which part of a published data set.</summary>
public enum DataPart
{
    /// <summary>The images to learn from.</summary>
    Train,

    /// <summary>The images to measure on, never to learn from or to choose by.</summary>
    Test,
}
