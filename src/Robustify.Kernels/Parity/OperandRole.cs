namespace Robustify.Kernels.Parity;

/// <summary>What an operation does with an operand.</summary>
internal enum OperandRole
{
    /// <summary>Read; must be unchanged afterwards.</summary>
    Input,

    /// <summary>Written; holds NaN before, so that an element left out shows.</summary>
    Output,

    /// <summary>Read and written: accumulation and state.</summary>
    Updated,
}
