using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda.Cublas;

/// <summary>A product made ready: the library's descriptions and the chosen algorithm.</summary>
internal sealed class MatmulPlan
{
    /// <summary>CUBLAS_COMPUTE_32F: float32 accumulation; float32 operands are not rounded to TF32.</summary>
    private const int Compute32F = 68;

    private const int EpilogueDefault = 1;
    private const int EpilogueBias = 4;

    private readonly CublasLtApi api;

    public MatmulPlan(CublasLtApi api, in MatmulShape shape)
    {
        this.api = api;
        Shape = shape;
        nint product = api.MatmulDescCreate(Compute32F, CudaType(DType.Float32));
        api.MatmulDescSet(product, MatmulDescription.TransposeA, shape.TransposeB ? 1 : 0);
        api.MatmulDescSet(product, MatmulDescription.TransposeB, shape.TransposeA ? 1 : 0);
        api.MatmulDescSet(product, MatmulDescription.Epilogue, shape.HasBias ? EpilogueBias : EpilogueDefault);
        Descriptors = new MatmulDescriptors(
            product,
            Layout(shape.OperandType, shape.TransposeB, shape.N, shape.K, shape.StrideB, shape.BatchStrideB),
            Layout(shape.OperandType, shape.TransposeA, shape.K, shape.M, shape.StrideA, shape.BatchStrideA),
            Layout(shape.ResultType, false, shape.N, shape.M, shape.StrideD, shape.BatchStrideD));
    }

    /// <summary>What it multiplies.</summary>
    public MatmulShape Shape { get; }

    /// <summary>The library's descriptions; its A is our B.</summary>
    public MatmulDescriptors Descriptors { get; }

    /// <summary>How it is done.</summary>
    public MatmulAlgorithm Algorithm { get; set; }

    /// <summary>Whether the choice is final; one made inside a captured step was not timed.</summary>
    public bool IsTuned { get; set; }

    /// <summary>Where the bias of the next run lies.</summary>
    public void SetBias(nint bias) => api.MatmulDescSet(Descriptors.Product, MatmulDescription.BiasPointer, bias);

    /// <summary>Gives the descriptions back.</summary>
    public void Release()
    {
        api.MatmulDescDestroy(Descriptors.Product);
        api.MatrixLayoutDestroy(Descriptors.A);
        api.MatrixLayoutDestroy(Descriptors.B);
        api.MatrixLayoutDestroy(Descriptors.D);
    }

    /// <summary>The matrix op(X) of rows x columns in column-major order, stored as its transpose where <paramref name="transposed"/>.</summary>
    private nint Layout(DType type, bool transposed, int rows, int columns, int stride, long batchStride)
    {
        nint layout = transposed
            ? api.MatrixLayoutCreate(CudaType(type), columns, rows, stride)
            : api.MatrixLayoutCreate(CudaType(type), rows, columns, stride);
        if (Shape.Batch > 1)
        {
            api.MatrixLayoutSet(layout, MatrixLayoutAttribute.BatchCount, Shape.Batch);
            api.MatrixLayoutSet(layout, MatrixLayoutAttribute.BatchStride, batchStride);
        }

        return layout;
    }

    /// <summary><c>cudaDataType_t</c>.</summary>
    private static int CudaType(DType type) => type == DType.BFloat16 ? 14 : 0;
}
