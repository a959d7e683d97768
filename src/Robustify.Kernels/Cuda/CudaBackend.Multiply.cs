using Robustify.Kernels.Cuda.Cublas;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    private readonly Lazy<MatmulPlanCache> products;

    /// <summary>
    /// D[m, n] (+)= op(A)[m, k] op(B)[k, n] (+ bias[n] for every row), row-major, float32 accumulation; float32 operands keep full precision.
    /// A and B are of one type; float32 operands give a float32 result, bfloat16 operands either.
    /// </summary>
    /// <param name="a">Left operand.</param>
    /// <param name="b">Right operand.</param>
    /// <param name="d">Result.</param>
    /// <param name="accumulate">Whether D is added to.</param>
    /// <param name="bias">[n] of D's type, or absent.</param>
    /// <param name="batch">Products of one shape, their matrices apart by the operands' batch strides.</param>
    /// <exception cref="CudaException">cuBLASLt refuses.</exception>
    internal void Multiply(in MatrixOperand a, in MatrixOperand b, in MatrixOperand d, bool accumulate, TensorView bias = default, int batch = 1)
    {
        if (!bias.IsAbsent && bias.Type != d.Type)
            throw new ArgumentException($"product to {d.Type} with a bias of {bias.Type}: cuBLASLt adds a bias of the result's type only");
        var shape = MatmulShape.Of(a, b, d, accumulate, !bias.IsAbsent, batch);
        device.Bind();
        var plan = products.Value.Ready(shape, a.Pointer, b.Pointer, bias.Pointer, isCapturing);
        if (profiler is not null)
            Entering(shape.Title, new LaunchCost(shape.Bytes, shape.Operations));
        products.Value.Run(plan, a.Pointer, b.Pointer, d.Pointer);
        Leaving();
    }
}
