namespace Robustify.Kernels.Cuda;

/// <summary>A call into one of NVIDIA's libraries that failed, in one line: the call, the code, its meaning and what to do.</summary>
public sealed class CudaException : RobustifyException
{
    /// <param name="call">The library's function: <c>cuMemAlloc</c>.</param>
    /// <param name="code">What it returned.</param>
    /// <param name="message">The whole line.</param>
    internal CudaException(string call, int code, string message) : base(message)
    {
        Call = call;
        Code = code;
    }

    /// <summary>The library's function that failed.</summary>
    public string Call { get; }

    /// <summary>The code it returned.</summary>
    public int Code { get; }

    /// <summary>Whether the device failed while it worked, as against something that is missing or asked wrongly.</summary>
    public bool IsDeviceFailure => Driver.DriverError.IsFatal(Code);
}
