// The driver's own objects. Numbers of errors and attributes are those of NVIDIA's driver API.
#pragma once
#include "../abi.h"
#include "../runtime/exports.h"
#include "../runtime/memory.h"
#include "../runtime/report.h"
#include "../runtime/settings.h"
#include <deque>
#include <pthread.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

typedef int CUresult;
typedef unsigned long long CUdeviceptr;
typedef std::function<CUresult()> Operation;

enum : CUresult {
    Success = 0, InvalidValue = 1, OutOfMemory = 2, NotInitialized = 3, NoDevice = 100, InvalidDevice = 101, InvalidImage = 200,
    InvalidContext = 201, NoBinaryForGpu = 209, InvalidHandle = 400, NotFound = 500, NotReady = 600, IllegalAddress = 700,
    LaunchOutOfResources = 701, IllegalInstruction = 715, MisalignedAddress = 716, LaunchFailed = 719, NotSupported = 801,
    Unknown = 999, CaptureUnsupported = 900, CaptureInvalidated = 901, CaptureUnmatched = 903, CaptureUnjoined = 904, CaptureImplicit = 906,
};

struct Graph { std::vector<Operation> operations; };

struct Stream;
struct Event {
    Stream* stream = nullptr;
    uint64_t recorded = 0, done = 0;    // counts of cuEventRecord
    double seconds = 0;
};

struct StreamItem { Operation operation; Event* wait; uint64_t wait_for; };

struct Stream {
    std::deque<StreamItem> queue;       // filled in lazy mode only
    std::shared_ptr<Graph> capture;
    bool capture_origin = false, capture_broken = false, nonblocking = false;
    int capture_mode = 0;               // 0 global, 1 thread local, 2 relaxed
    pthread_t capture_thread = 0;
};

struct Function { const SwKernel* kernel; int max_dynamic = 0; struct Module* module; };
/// The file stays open while the module lives: it is named by its descriptor, and the loader takes equal names for one library.
struct Module { void* library; int file; std::map<std::string, Function*> functions; };

extern std::recursive_mutex& driver_guard;
extern bool initialized;
extern CUresult sticky_error;           // a fault poisons the context until it is reset
extern uint64_t operations_run;         // since the reset, where a limit is set

#define LOCK std::lock_guard<std::recursive_mutex> lock_(driver_guard)
/// What every call but the first few demands: initialised, a context bound to this thread, no earlier fault.
#define ENTER LOCK; if (CUresult entry_ = entry_error()) return entry_
CUresult entry_error();

extern std::set<Stream*>& streams;
extern Stream default_stream;
/// Null for a handle that is none.
Stream* find_stream(void* handle);
CUresult enqueue(void* stream, Operation operation);
CUresult drain_all();
/// 0, or 900 while a stream captures: the call would synchronise.
CUresult synchronizing(const char* call);
void forget_streams();
void forget_modules();
void forget_pinned();
bool is_pinned(const void* address);
bool any_capture();
CUresult out_of_range(const char* call, CUdeviceptr address, size_t bytes);
