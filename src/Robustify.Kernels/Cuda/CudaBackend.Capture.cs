using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    private bool isCapturing;

    /// <inheritdoc cref="IBackend.Capture"/>
    public CapturedWork Capture(Action work)
    {
        if (isCapturing)
            throw new InvalidOperationException("a step is being captured already");
        device.Bind();
        driver.StreamBeginCapture(stream);
        isCapturing = true;
        hasCaptured = true;
        try
        {
            work();
        }
        catch
        {
            isCapturing = false;
            // The first error is the one to tell; the capture is ended so that the stream computes again.
            if (driver.TryStreamEndCapture(stream, out nint partial) == DriverError.Success)
                driver.GraphDestroy(partial);
            throw;
        }

        isCapturing = false;
        int code = driver.TryStreamEndCapture(stream, out nint graph);
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuStreamEndCapture", "a captured step");
        if (products.IsValueCreated)
            products.Value.Save();
        return new CudaGraph(device, stream, graph);
    }
}
