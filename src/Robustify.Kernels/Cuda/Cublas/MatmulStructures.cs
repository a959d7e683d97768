using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Robustify.Kernels.Cuda.Cublas;

/// <summary>Numbers of <c>cublasLtMatmulDescAttributes_t</c>.</summary>
internal enum MatmulDescription
{
    TransposeA = 3,
    TransposeB = 4,
    Epilogue = 7,
    BiasPointer = 8,
}

/// <summary>Numbers of <c>cublasLtMatrixLayoutAttribute_t</c>.</summary>
internal enum MatrixLayoutAttribute
{
    BatchCount = 5,
    BatchStride = 6,
}

/// <summary>Numbers of <c>cublasLtMatmulPreferenceAttributes_t</c>.</summary>
internal enum MatmulPreference
{
    MaximumWorkspaceBytes = 1,
    AlignmentA = 5,
    AlignmentB = 6,
    AlignmentC = 7,
    AlignmentD = 8,
}

/// <summary><c>cublasLtMatmulAlgo_t</c>: opaque, and the same for every run with one version of the library, so that it may be kept in a file.</summary>
[InlineArray(8)]
internal struct MatmulAlgorithm
{
    private ulong word;
}

/// <summary><c>cublasLtMatmulHeuristicResult_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MatmulCandidate
{
    public MatmulAlgorithm Algorithm;
    public nuint WorkspaceBytes;
    public int State;
    public float Waves;
    private readonly int reserved0, reserved1, reserved2, reserved3;
}

/// <summary>The library's descriptions of one product and its three matrices.</summary>
internal readonly record struct MatmulDescriptors(nint Product, nint A, nint B, nint D);
