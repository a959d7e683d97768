// A graph is the list of operations that a capturing stream was given; launching it enqueues them again.
#include "driver.h"

static std::set<Graph*>& graphs = *new std::set<Graph*>;

static Graph* find_graph(void* handle) { return graphs.count((Graph*)handle) ? (Graph*)handle : nullptr; }

EXPORT CUresult cuStreamBeginCapture_v2(void* handle, int mode) {
    ENTER;
    Stream* stream = find_stream(handle);
    if (!stream) return InvalidHandle;
    if (stream == &default_stream) return CaptureUnsupported;
    if (stream->capture) return InvalidValue;
    stream->capture = std::make_shared<Graph>();
    stream->capture_origin = true;
    stream->capture_broken = false;
    stream->capture_mode = mode;
    stream->capture_thread = pthread_self();
    return Success;
}

EXPORT CUresult cuStreamEndCapture(void* handle, void** graph) {
    ENTER;
    Stream* stream = find_stream(handle);
    if (!stream || !stream->capture) return InvalidValue;
    if (!stream->capture_origin) return CaptureUnmatched;
    auto captured = stream->capture;
    for (auto other : streams)
        if (other->capture == captured) other->capture = nullptr;
    stream->capture_origin = false;
    *graph = nullptr;
    if (stream->capture_broken) return CaptureInvalidated;
    auto made = new Graph(*captured);
    graphs.insert(made);
    *graph = made;
    return Success;
}

EXPORT CUresult cuStreamIsCapturing(void* handle, int* status) {
    ENTER;
    Stream* stream = find_stream(handle);
    if (!stream) return InvalidHandle;
    *status = !stream->capture ? 0 : stream->capture_broken ? 2 : 1;
    return Success;
}

EXPORT CUresult cuThreadExchangeStreamCaptureMode(int* mode) { *mode = 0; return Success; }

EXPORT CUresult cuGraphInstantiateWithFlags(void** executable, void* handle, unsigned long long) {
    ENTER;
    Graph* graph = find_graph(handle);
    if (!graph) return InvalidHandle;
    auto made = new Graph(*graph);
    graphs.insert(made);
    *executable = made;
    return Success;
}

EXPORT CUresult cuGraphLaunch(void* handle, void* stream) {
    ENTER;
    Graph* graph = find_graph(handle);
    if (!graph) return InvalidHandle;
    for (auto& operation : graph->operations)
        if (CUresult error = enqueue(stream, operation)) return error;
    return Success;
}

EXPORT CUresult cuGraphUpload(void* handle, void*) { ENTER; return find_graph(handle) ? Success : InvalidHandle; }

/// The count only; nodes are not objects here.
EXPORT CUresult cuGraphGetNodes(void* handle, void**, size_t* count) {
    ENTER;
    Graph* graph = find_graph(handle);
    if (!graph) return InvalidHandle;
    *count = graph->operations.size();
    return Success;
}

static CUresult destroy(void* handle) {
    LOCK;
    Graph* graph = find_graph(handle);
    if (!graph) return InvalidHandle;
    graphs.erase(graph);
    delete graph;
    return Success;
}

EXPORT CUresult cuGraphExecDestroy(void* handle) { return destroy(handle); }
EXPORT CUresult cuGraphDestroy(void* handle) { return destroy(handle); }
