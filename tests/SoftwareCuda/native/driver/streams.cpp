// Streams, events and capture. A stream's operations are closures: run at once (eager), or put off until something waits (lazy), which
// shows a missing event or a host that reads too early.
#include "driver.h"
#include <chrono>

std::set<Stream*>& streams = *new std::set<Stream*>;
Stream default_stream;
static std::set<Event*>& events = *new std::set<Event*>;

Stream* find_stream(void* handle) {
    if (!handle || handle == (void*)1 || handle == (void*)2) return &default_stream;
    return streams.count((Stream*)handle) ? (Stream*)handle : nullptr;
}

static Event* find_event(void* handle) { return events.count((Event*)handle) ? (Event*)handle : nullptr; }

uint64_t operations_run;
EXPORT uint64_t swcuda_operations() { return operations_run; }

static CUresult run(const Operation& operation) {
    if (settings.lost_after && ++operations_run > settings.lost_after) sticky_error = Unknown;
    if (sticky_error) return sticky_error;
    CUresult error = operation();
    if (error >= IllegalAddress && error < 800) sticky_error = error;
    return error;
}

/// Runs what is queued, or only up to one recording of an event.
static CUresult drain(Stream* stream, Event* until = nullptr, uint64_t count = 0) {
    CUresult first = Success;
    while (!stream->queue.empty() && !(until && until->done >= count)) {
        StreamItem item = std::move(stream->queue.front());
        stream->queue.pop_front();
        CUresult error = Success;
        if (item.wait) {
            if (item.wait->done < item.wait_for && item.wait->stream) drain(item.wait->stream, item.wait, item.wait_for);
        } else error = run(item.operation);
        if (!first) first = error;
    }
    return first;
}

CUresult drain_all() {
    CUresult first = Success;
    for (auto stream : streams) {
        CUresult error = drain(stream);
        if (!first) first = error;
    }
    return first;
}

static CUresult drain_blocking() {
    CUresult first = Success;
    for (auto stream : streams) {
        if (stream->nonblocking) continue;
        CUresult error = drain(stream);
        if (!first) first = error;
    }
    return first;
}

bool any_capture() {
    for (auto stream : streams)
        if (stream->capture) return true;
    return false;
}

static void break_captures() {
    for (auto stream : streams)
        if (stream->capture) stream->capture_broken = true;
}

/// A capture forbids synchronising calls of all threads, of its own thread, or of none, by its mode.
static bool forbids(const Stream* stream) {
    if (!stream->capture || !stream->capture_origin) return false;
    return stream->capture_mode == 0 || (stream->capture_mode == 1 && pthread_equal(stream->capture_thread, pthread_self()));
}

CUresult synchronizing(const char* call) {
    bool forbidden = false;
    for (auto stream : streams) forbidden |= forbids(stream);
    if (!forbidden) return Success;
    break_captures();
    report("%s while a stream captures", call);
    return CaptureUnsupported;
}

void forget_streams() {
    for (auto stream : streams) delete stream;
    streams.clear();
    default_stream = Stream();
    for (auto event : events) delete event;
    events.clear();
}

CUresult enqueue(void* handle, Operation operation) {
    ENTER;
    Stream* stream = find_stream(handle);
    if (!stream) return InvalidHandle;
    if (stream->capture) {
        stream->capture->operations.push_back(operation);
        return Success;
    }
    if (stream == &default_stream) {
        if (any_capture()) {
            report("work on the default stream while another stream captures");
            break_captures();
            return CaptureImplicit;
        }
        CUresult error = drain_blocking();
        return error ? error : run(operation);
    }
    if (settings.lazy) stream->queue.push_back({operation, nullptr, 0});
    else {
        // An error of the work itself comes back from a later call that waits, as it does from a device; a refused argument at once.
        CUresult error = run(operation);
        if (error && error < IllegalAddress) return error;
    }
    return Success;
}

EXPORT CUresult cuStreamCreate(void** handle, unsigned flags) {
    ENTER;
    auto stream = new Stream;
    stream->nonblocking = flags & 1;
    streams.insert(stream);
    *handle = stream;
    return Success;
}

EXPORT CUresult cuStreamCreateWithPriority(void** handle, unsigned flags, int) { return cuStreamCreate(handle, flags); }

EXPORT CUresult cuStreamDestroy_v2(void* handle) {
    LOCK;
    Stream* stream = find_stream(handle);
    if (!stream || stream == &default_stream) return InvalidHandle;
    drain(stream);
    for (auto event : events)
        if (event->stream == stream) event->stream = nullptr;
    streams.erase(stream);
    delete stream;
    return Success;
}

EXPORT CUresult cuStreamSynchronize(void* handle) {
    ENTER;
    Stream* stream = find_stream(handle);
    if (!stream) return InvalidHandle;
    if (stream->capture) return synchronizing("cuStreamSynchronize");
    CUresult error = stream == &default_stream ? drain_blocking() : drain(stream);
    return error ? error : sticky_error;
}

EXPORT CUresult cuStreamQuery(void* handle) {
    ENTER;
    Stream* stream = find_stream(handle);
    if (!stream) return InvalidHandle;
    return stream->queue.empty() ? Success : NotReady;
}

EXPORT CUresult cuLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
    return enqueue(stream, [=] { function(data); return (CUresult)Success; });
}

static double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

EXPORT CUresult cuEventCreate(void** handle, unsigned) {
    ENTER;
    auto event = new Event;
    events.insert(event);
    *handle = event;
    return Success;
}

EXPORT CUresult cuEventDestroy_v2(void* handle) {
    LOCK;
    Event* event = find_event(handle);
    if (!event) return InvalidHandle;
    if (event->stream) drain(event->stream, event, event->recorded);
    events.erase(event);
    delete event;
    return Success;
}

EXPORT CUresult cuEventRecord(void* handle, void* stream_handle) {
    ENTER;
    Event* event = find_event(handle);
    Stream* stream = find_stream(stream_handle);
    if (!event || !stream) return InvalidHandle;
    event->stream = stream;
    uint64_t count = ++event->recorded;
    if (stream->capture) return Success;
    return enqueue(stream_handle, [=] {
        event->done = count;
        event->seconds = seconds_now();
        return (CUresult)Success;
    });
}

EXPORT CUresult cuEventSynchronize(void* handle) {
    ENTER;
    Event* event = find_event(handle);
    if (!event) return InvalidHandle;
    if (event->stream && event->done < event->recorded) drain(event->stream, event, event->recorded);
    return sticky_error;
}

EXPORT CUresult cuEventQuery(void* handle) {
    ENTER;
    Event* event = find_event(handle);
    if (!event) return InvalidHandle;
    return event->done >= event->recorded ? Success : NotReady;
}

EXPORT CUresult cuEventElapsedTime(float* milliseconds, void* first, void* second) {
    ENTER;
    Event *a = find_event(first), *b = find_event(second);
    if (!a || !b || !a->recorded || !b->recorded) return InvalidHandle;
    if (a->done < a->recorded || b->done < b->recorded) return NotReady;
    *milliseconds = (float)((b->seconds - a->seconds) * 1e3);
    return Success;
}

EXPORT CUresult cuEventElapsedTime_v2(float* milliseconds, void* first, void* second) {
    return cuEventElapsedTime(milliseconds, first, second);
}

EXPORT CUresult cuStreamWaitEvent(void* handle, void* event_handle, unsigned) {
    ENTER;
    Stream* stream = find_stream(handle);
    Event* event = find_event(event_handle);
    if (!stream || !event) return InvalidHandle;
    if (!event->recorded) return Success;
    if (event->stream && event->stream->capture) {      // the waiting stream joins the capture
        if (!stream->capture) stream->capture = event->stream->capture;
        return Success;
    }
    if (settings.lazy && stream != &default_stream) stream->queue.push_back({nullptr, event, event->recorded});
    else if (event->stream) drain(event->stream, event, event->recorded);
    return Success;
}
