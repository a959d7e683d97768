using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Cublas;

/// <summary>
/// cuBLASLt as a table of addresses found at run time. It is all of cuBLAS that this program uses: plain and batched products alike go
/// through <c>cublasLtMatmul</c>, so libcublas itself need not be installed.
/// </summary>
internal sealed unsafe class CublasLtApi
{
    private readonly delegate* unmanaged<nuint> getVersion;
    private readonly delegate* unmanaged<int, byte*> getStatusString;
    private readonly delegate* unmanaged<nint*, int> create;
    private readonly delegate* unmanaged<nint, int> destroy;
    private readonly delegate* unmanaged<nint*, int, int, int> matmulDescCreate;
    private readonly delegate* unmanaged<nint, int> matmulDescDestroy;
    private readonly delegate* unmanaged<nint, int, void*, nuint, int> matmulDescSetAttribute;
    private readonly delegate* unmanaged<nint*, int, ulong, ulong, long, int> matrixLayoutCreate;
    private readonly delegate* unmanaged<nint, int> matrixLayoutDestroy;
    private readonly delegate* unmanaged<nint, int, void*, nuint, int> matrixLayoutSetAttribute;
    private readonly delegate* unmanaged<nint*, int> preferenceCreate;
    private readonly delegate* unmanaged<nint, int> preferenceDestroy;
    private readonly delegate* unmanaged<nint, int, void*, nuint, int> preferenceSetAttribute;
    private readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, MatmulCandidate*, int*, int> getHeuristic;
    private readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, MatmulAlgorithm*, MatmulCandidate*, int> algorithmCheck;
    private readonly delegate* unmanaged<nint, nint, float*, nint, nint, nint, nint, float*, nint, nint, nint, nint, MatmulAlgorithm*, nint, nuint, nint, int> matmul;

    /// <param name="library">The library, found.</param>
    public CublasLtApi(LibrarySearch library)
    {
        Library = library;
        getVersion = (delegate* unmanaged<nuint>)library.Entry("cublasLtGetVersion");
        getStatusString = (delegate* unmanaged<int, byte*>)library.TryEntry("cublasLtGetStatusString");
        create = (delegate* unmanaged<nint*, int>)library.Entry("cublasLtCreate");
        destroy = (delegate* unmanaged<nint, int>)library.Entry("cublasLtDestroy");
        matmulDescCreate = (delegate* unmanaged<nint*, int, int, int>)library.Entry("cublasLtMatmulDescCreate");
        matmulDescDestroy = (delegate* unmanaged<nint, int>)library.Entry("cublasLtMatmulDescDestroy");
        matmulDescSetAttribute = (delegate* unmanaged<nint, int, void*, nuint, int>)library.Entry("cublasLtMatmulDescSetAttribute");
        matrixLayoutCreate = (delegate* unmanaged<nint*, int, ulong, ulong, long, int>)library.Entry("cublasLtMatrixLayoutCreate");
        matrixLayoutDestroy = (delegate* unmanaged<nint, int>)library.Entry("cublasLtMatrixLayoutDestroy");
        matrixLayoutSetAttribute = (delegate* unmanaged<nint, int, void*, nuint, int>)library.Entry("cublasLtMatrixLayoutSetAttribute");
        preferenceCreate = (delegate* unmanaged<nint*, int>)library.Entry("cublasLtMatmulPreferenceCreate");
        preferenceDestroy = (delegate* unmanaged<nint, int>)library.Entry("cublasLtMatmulPreferenceDestroy");
        preferenceSetAttribute = (delegate* unmanaged<nint, int, void*, nuint, int>)library.Entry("cublasLtMatmulPreferenceSetAttribute");
        getHeuristic = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, MatmulCandidate*, int*, int>)library.Entry("cublasLtMatmulAlgoGetHeuristic");
        algorithmCheck = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, MatmulAlgorithm*, MatmulCandidate*, int>)library.Entry("cublasLtMatmulAlgoCheck");
        matmul = (delegate* unmanaged<nint, nint, float*, nint, nint, nint, nint, float*, nint, nint, nint, nint, MatmulAlgorithm*, nint, nuint, nint, int>)
            library.Entry("cublasLtMatmul");
    }

    /// <summary>Where the table came from.</summary>
    public LibrarySearch Library { get; }

    /// <summary>The library's version as one number: 130100 for 13.1.0.</summary>
    public long Version => (long)getVersion();

    /// <summary>A handle; it belongs to the context that is bound.</summary>
    public nint Create()
    {
        nint handle;
        Check(create(&handle), "cublasLtCreate");
        return handle;
    }

    /// <summary>Ends a handle.</summary>
    public void Destroy(nint handle) => _ = destroy(handle);

    /// <summary>A product description: type of the accumulation and of the scale factors.</summary>
    public nint MatmulDescCreate(int computeType, int scaleType)
    {
        nint description;
        Check(matmulDescCreate(&description, computeType, scaleType), "cublasLtMatmulDescCreate");
        return description;
    }

    /// <summary>Ends a product description.</summary>
    public void MatmulDescDestroy(nint description) => _ = matmulDescDestroy(description);

    /// <summary>Sets one attribute of a product description.</summary>
    public void MatmulDescSet<T>(nint description, MatmulDescription attribute, T value)
        where T : unmanaged =>
        Check(matmulDescSetAttribute(description, (int)attribute, &value, (nuint)sizeof(T)), "cublasLtMatmulDescSetAttribute");

    /// <summary>A column-major matrix.</summary>
    public nint MatrixLayoutCreate(int type, int rows, int columns, int leadingDimension)
    {
        nint layout;
        Check(matrixLayoutCreate(&layout, type, (ulong)rows, (ulong)columns, leadingDimension), "cublasLtMatrixLayoutCreate");
        return layout;
    }

    /// <summary>Ends a matrix layout.</summary>
    public void MatrixLayoutDestroy(nint layout) => _ = matrixLayoutDestroy(layout);

    /// <summary>Sets one attribute of a matrix layout.</summary>
    public void MatrixLayoutSet<T>(nint layout, MatrixLayoutAttribute attribute, T value)
        where T : unmanaged =>
        Check(matrixLayoutSetAttribute(layout, (int)attribute, &value, (nuint)sizeof(T)), "cublasLtMatrixLayoutSetAttribute");

    /// <summary>What a search for algorithms has to respect.</summary>
    public nint PreferenceCreate()
    {
        nint preference;
        Check(preferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
        return preference;
    }

    /// <summary>Ends a preference.</summary>
    public void PreferenceDestroy(nint preference) => _ = preferenceDestroy(preference);

    /// <summary>Sets one attribute of a preference.</summary>
    public void PreferenceSet<T>(nint preference, MatmulPreference attribute, T value)
        where T : unmanaged =>
        Check(preferenceSetAttribute(preference, (int)attribute, &value, (nuint)sizeof(T)), "cublasLtMatmulPreferenceSetAttribute");

    /// <summary>Algorithms that can do the product, the library's best guess first.</summary>
    /// <returns>How many were found; 0 where the library does not offer the combination.</returns>
    public int Candidates(nint handle, in MatmulDescriptors descriptors, nint preference, Span<MatmulCandidate> candidates)
    {
        int found = 0;
        int code;
        fixed (MatmulCandidate* first = candidates)
        {
            code = getHeuristic(
                handle, descriptors.Product, descriptors.A, descriptors.B, descriptors.D, descriptors.D, preference, candidates.Length, first, &found);
        }

        const int notSupported = 15;
        if (code != notSupported)
            Check(code, "cublasLtMatmulAlgoGetHeuristic");
        return code == 0 ? found : 0;
    }

    /// <summary>Whether an algorithm that was kept can do the product, and the workspace it needs.</summary>
    public bool IsUsable(nint handle, in MatmulDescriptors descriptors, MatmulAlgorithm algorithm, out long workspace)
    {
        MatmulCandidate result = default;
        int code = algorithmCheck(handle, descriptors.Product, descriptors.A, descriptors.B, descriptors.D, descriptors.D, &algorithm, &result);
        workspace = (long)result.WorkspaceBytes;
        return code == 0 && result.State == 0;
    }

    /// <summary>Queues D = alpha op(A) op(B) + beta D on the stream.</summary>
    public int TryMatmul(
        nint handle, in MatmulDescriptors descriptors, nint a, nint b, nint d, float beta, MatmulAlgorithm algorithm, nint workspace, long workspaceBytes,
        nint stream)
    {
        float alpha = 1;
        return matmul(
            handle, descriptors.Product, &alpha, a, descriptors.A, b, descriptors.B, &beta, d, descriptors.D, d, descriptors.D, &algorithm, workspace,
            (nuint)workspaceBytes, stream);
    }

    /// <summary>Throws unless <paramref name="code"/> is success.</summary>
    /// <exception cref="CudaException">The call failed.</exception>
    public void Check(int code, string call)
    {
        if (code != 0)
            throw Failure(code, call, null);
    }

    /// <summary>The exception for a code: call, code, meaning, remedy.</summary>
    public CudaException Failure(int code, string call, string? circumstances) => new(
        call, code, $"{call}{(circumstances is null ? "" : $" ({circumstances})")}: error {code} {Meaning(code)}; {Remedy(code)}");

    private string Meaning(int code) => getStatusString == null ? "" : Marshal.PtrToStringUTF8((nint)getStatusString(code)) ?? "";

    private static string Remedy(int code) => code switch
    {
        1 => "cuBLASLt could not start: its version and the driver's differ too far, or the device has no memory left",
        3 => "use a smaller --batch or model, or end other programs on the device",
        8 => "this cuBLASLt does not know the device; install the one of a newer CUDA version",
        13 => "an earlier kernel failed or the device stopped; start again from the last checkpoint",
        15 => "this cuBLASLt does not offer the product; install the one of a newer CUDA version",
        _ => "run `robustify doctor` and report its output",
    };
}
