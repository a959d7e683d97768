namespace Robustify.Kernels.Cuda.Kernels;

/// <summary>A text of kernels and its launch table.</summary>
/// <param name="Source">CUDA C++, one translation unit.</param>
/// <param name="Signatures">Kernel name to parameter letters, as <see cref="KernelTable"/> spells them.</param>
internal sealed record KernelProgram(string Source, IReadOnlyDictionary<string, string> Signatures)
{
    /// <summary>The kernels of this program.</summary>
    public static KernelProgram Product() => new(KernelSource.Read(), KernelTable.Signatures);
}
