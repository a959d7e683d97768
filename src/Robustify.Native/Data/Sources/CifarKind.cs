namespace Robustify.Native.Data.Sources;

/// <summary>Which of the two CIFAR sets.</summary>
public enum CifarKind
{
    /// <summary>Ten classes, one label a record.</summary>
    Cifar10,

    /// <summary>A hundred classes; the coarse label in front is not used.</summary>
    Cifar100,
}
