namespace Robustify.Kernels.Cuda.Kernels;

/// <summary>A kernel on its device.</summary>
internal sealed class LoadedKernel(string name, nint function, string parameters)
{
    /// <summary>What the source calls it.</summary>
    public string Name { get; } = name;

    /// <summary>The driver's handle.</summary>
    public nint Function { get; } = function;

    /// <summary>Dynamic shared memory the kernel may use as it stands; 48 KiB unless it was given more.</summary>
    public uint AllowedSharedBytes { get; set; } = 48 * 1024;

    /// <summary>Throws unless the arguments are those of the launch table.</summary>
    public void Verify(ReadOnlySpan<KernelArgument> arguments) => KernelTable.Verify(Name, parameters, arguments);
}
