using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

/// <summary>A captured step: launches, products and copies with all their addresses, queued by one call.</summary>
internal sealed class CudaGraph : CapturedWork
{
    private readonly CudaDevice device;
    private readonly nint stream;
    private nint executable;

    /// <param name="device">Where it runs; its context is bound.</param>
    /// <param name="stream">The stream it is queued on.</param>
    /// <param name="graph">What was captured; it is given back here.</param>
    public CudaGraph(CudaDevice device, nint stream, nint graph)
    {
        this.device = device;
        this.stream = stream;
        try
        {
            NodeCount = device.Driver.GraphNodeCount(graph);
            executable = device.Driver.GraphInstantiate(graph);
        }
        finally
        {
            device.Driver.GraphDestroy(graph);
        }
    }

    /// <summary>Launches, products and copies in it.</summary>
    public long NodeCount { get; }

    /// <inheritdoc/>
    public override void Replay()
    {
        ObjectDisposedException.ThrowIf(executable == 0, this);
        device.Bind();
        device.Driver.GraphLaunch(executable, stream);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (executable != 0 && device.IsOpen)
        {
            device.BindToRelease();
            device.Driver.GraphExecDestroy(executable);
        }

        executable = 0;
    }
}
