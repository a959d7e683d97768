using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

/// <summary>A captured step: launches, products and copies with all their addresses, queued by one call.</summary>
internal sealed class CudaGraph : IDisposable
{
    private readonly DriverApi driver;

    /// <param name="driver">The driver API, its context bound.</param>
    /// <param name="graph">What was captured; it is given back here.</param>
    public CudaGraph(DriverApi driver, nint graph)
    {
        this.driver = driver;
        try
        {
            NodeCount = driver.GraphNodeCount(graph);
            Executable = driver.GraphInstantiate(graph);
        }
        finally
        {
            driver.GraphDestroy(graph);
        }
    }

    /// <summary>The driver's handle; 0 after <see cref="Dispose"/>.</summary>
    public nint Executable { get; private set; }

    /// <summary>Launches, products and copies in it.</summary>
    public long NodeCount { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Executable != 0)
            driver.GraphExecDestroy(Executable);
        Executable = 0;
    }
}
