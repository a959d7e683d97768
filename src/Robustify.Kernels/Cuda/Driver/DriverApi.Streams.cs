using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Driver;

internal sealed unsafe partial class DriverApi
{
    /// <summary>CU_STREAM_NON_BLOCKING: the stream does not wait for the legacy default stream, which other libraries may use.</summary>
    private const uint NonBlocking = 1;

    /// <summary>CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: calls of other threads (a data loader's copies) do not end the capture.</summary>
    private const int CaptureThreadLocal = 1;

    private readonly StreamEntries streams;

    /// <summary>A new stream.</summary>
    public nint StreamCreate()
    {
        nint stream;
        Check(streams.Create(&stream, NonBlocking), "cuStreamCreate");
        return stream;
    }

    /// <summary>Ends a stream.</summary>
    public void StreamDestroy(nint stream) => _ = streams.Destroy(stream);

    /// <summary>Waits for all work of the stream; errors of kernels show here.</summary>
    public void StreamSynchronize(nint stream) => Check(streams.Synchronize(stream), "cuStreamSynchronize");

    /// <summary>Work queued on the stream from here on waits for the event.</summary>
    public void StreamWaitEvent(nint stream, nint handle) => Check(streams.WaitEvent(stream, handle, 0), "cuStreamWaitEvent");

    /// <summary>A new event; <paramref name="timing"/> false makes it cheaper.</summary>
    public nint EventCreate(bool timing)
    {
        nint handle;
        Check(streams.EventCreate(&handle, timing ? 0u : 2u), "cuEventCreate");
        return handle;
    }

    /// <summary>Ends an event.</summary>
    public void EventDestroy(nint handle) => _ = streams.EventDestroy(handle);

    /// <summary>Marks this place of the stream.</summary>
    public void EventRecord(nint handle, nint stream) => Check(streams.EventRecord(handle, stream), "cuEventRecord");

    /// <summary>Waits until the device has passed the mark.</summary>
    public void EventSynchronize(nint handle) => Check(streams.EventSynchronize(handle), "cuEventSynchronize");

    /// <summary>Milliseconds of device time between two marks that have passed.</summary>
    public float EventElapsedMilliseconds(nint start, nint end)
    {
        float milliseconds;
        Check(streams.EventElapsedTime(&milliseconds, start, end), "cuEventElapsedTime");
        return milliseconds;
    }

    /// <summary>From here on the stream's work is written down instead of done.</summary>
    public void StreamBeginCapture(nint stream) => Check(streams.BeginCapture(stream, CaptureThreadLocal), "cuStreamBeginCapture");

    /// <summary>What was written down since <see cref="StreamBeginCapture"/>.</summary>
    public int TryStreamEndCapture(nint stream, out nint graph)
    {
        nint handle = 0;
        int code = streams.EndCapture(stream, &handle);
        graph = handle;
        return code;
    }

    /// <summary>Makes a graph ready to run.</summary>
    public nint GraphInstantiate(nint graph)
    {
        nint executable;
        Check(streams.GraphInstantiate(&executable, graph, 0), "cuGraphInstantiateWithFlags");
        return executable;
    }

    /// <summary>Number of nodes of a graph.</summary>
    public long GraphNodeCount(nint graph)
    {
        nuint count = 0;
        Check(streams.GraphGetNodes(graph, null, &count), "cuGraphGetNodes");
        return (long)count;
    }

    /// <summary>Runs a graph in the order of the stream.</summary>
    public void GraphLaunch(nint executable, nint stream) => Check(streams.GraphLaunch(executable, stream), "cuGraphLaunch");

    /// <summary>Ends an executable graph.</summary>
    public void GraphExecDestroy(nint executable) => _ = streams.GraphExecDestroy(executable);

    /// <summary>Ends a graph.</summary>
    public void GraphDestroy(nint graph) => _ = streams.GraphDestroy(graph);

    private readonly struct StreamEntries(LibrarySearch library)
    {
        public readonly delegate* unmanaged<nint*, uint, int> Create = (delegate* unmanaged<nint*, uint, int>)library.Entry("cuStreamCreate");
        public readonly delegate* unmanaged<nint, int> Destroy = (delegate* unmanaged<nint, int>)library.Entry("cuStreamDestroy_v2");
        public readonly delegate* unmanaged<nint, int> Synchronize = (delegate* unmanaged<nint, int>)library.Entry("cuStreamSynchronize");
        public readonly delegate* unmanaged<nint, nint, uint, int> WaitEvent = (delegate* unmanaged<nint, nint, uint, int>)library.Entry("cuStreamWaitEvent");
        public readonly delegate* unmanaged<nint*, uint, int> EventCreate = (delegate* unmanaged<nint*, uint, int>)library.Entry("cuEventCreate");
        public readonly delegate* unmanaged<nint, int> EventDestroy = (delegate* unmanaged<nint, int>)library.Entry("cuEventDestroy_v2");
        public readonly delegate* unmanaged<nint, nint, int> EventRecord = (delegate* unmanaged<nint, nint, int>)library.Entry("cuEventRecord");
        public readonly delegate* unmanaged<nint, int> EventSynchronize = (delegate* unmanaged<nint, int>)library.Entry("cuEventSynchronize");

        public readonly delegate* unmanaged<float*, nint, nint, int> EventElapsedTime =
            (delegate* unmanaged<float*, nint, nint, int>)library.Entry("cuEventElapsedTime");

        public readonly delegate* unmanaged<nint, int, int> BeginCapture = (delegate* unmanaged<nint, int, int>)library.Entry("cuStreamBeginCapture_v2");
        public readonly delegate* unmanaged<nint, nint*, int> EndCapture = (delegate* unmanaged<nint, nint*, int>)library.Entry("cuStreamEndCapture");

        public readonly delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate =
            (delegate* unmanaged<nint*, nint, ulong, int>)library.Entry("cuGraphInstantiateWithFlags");

        public readonly delegate* unmanaged<nint, nint*, nuint*, int> GraphGetNodes =
            (delegate* unmanaged<nint, nint*, nuint*, int>)library.Entry("cuGraphGetNodes");

        public readonly delegate* unmanaged<nint, nint, int> GraphLaunch = (delegate* unmanaged<nint, nint, int>)library.Entry("cuGraphLaunch");
        public readonly delegate* unmanaged<nint, int> GraphExecDestroy = (delegate* unmanaged<nint, int>)library.Entry("cuGraphExecDestroy");
        public readonly delegate* unmanaged<nint, int> GraphDestroy = (delegate* unmanaged<nint, int>)library.Entry("cuGraphDestroy");
    }
}
