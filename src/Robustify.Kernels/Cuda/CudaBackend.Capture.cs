using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    private bool isCapturing;

    /// <summary>
    /// From here on operations are written down instead of done. Everything that changes from step to step must lie in device memory, and
    /// the step must have run once, so that scratch has its size and every product its algorithm.
    /// </summary>
    internal void BeginGraph()
    {
        if (isCapturing)
            throw new InvalidOperationException("a step is being captured already");
        device.Bind();
        driver.StreamBeginCapture(stream);
        isCapturing = true;
        HasCaptured = true;
    }

    /// <summary>What was written down since <see cref="BeginGraph"/>, ready to run.</summary>
    /// <exception cref="CudaException">Something was called that cannot be part of a graph.</exception>
    internal CudaGraph EndGraph()
    {
        device.Bind();
        isCapturing = false;
        int code = driver.TryStreamEndCapture(stream, out nint graph);
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuStreamEndCapture", "a captured step");
        return new CudaGraph(driver, graph);
    }

    /// <summary>Runs a captured step in the order of the stream.</summary>
    internal void Run(CudaGraph graph)
    {
        device.Bind();
        driver.GraphLaunch(graph.Executable, stream);
    }
}
