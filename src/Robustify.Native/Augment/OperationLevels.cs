namespace Robustify.Native.Augment;

/// <summary>How strong an operation of AugMix is.</summary>
public enum OperationLevels
{
    /// <summary>Its level is drawn from 0.1 to the highest, as published.</summary>
    Drawn,

    /// <summary>Always the highest, as timm had it.</summary>
    Highest,
}
