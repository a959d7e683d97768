namespace Robustify.SoftwareCuda.Tests.Device;

/// <summary>A fact that needs the software device; skipped with the reason where there can be none.</summary>
public sealed class SoftwareCudaFactAttribute : FactAttribute
{
    /// <summary>Skips where the device cannot be built.</summary>
    public SoftwareCudaFactAttribute() => Skip = SoftwareLibrary.Missing!;
}

/// <summary>A theory that needs the software device; skipped with the reason where there can be none.</summary>
public sealed class SoftwareCudaTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips where the device cannot be built.</summary>
    public SoftwareCudaTheoryAttribute() => Skip = SoftwareLibrary.Missing!;
}
