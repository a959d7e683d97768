// A block in flight on a worker, and the worker: an operating system thread that runs one block at a time, its threads as fibers.
#pragma once
#include "../abi.h"
#include "settings.h"
#include <atomic>
#include <functional>
#include <vector>

enum {
    MaxThreads = 1024, MaxWarps = 32,
    StaticSharedBytes = 48 * 1024,          // more static __shared__ does not assemble
    StaticArenaBytes = 256 * 1024,          // with a canary behind every variable
    DynamicArenaBytes = 256 * 1024,
    SharedArenaBytes = StaticArenaBytes + DynamicArenaBytes + 4096,
    PoisonByte = 0xff,                      // NaN as float, bf16 and half; -1 as int
    CanaryByte = 0xfb, CanaryBytes = 128,
};

/// Barrier 0 without a count (__syncthreads) is entry 0, bar.sync 0 with a count entry 16.
struct Barrier { unsigned count, expected; int site; unsigned waiting[MaxWarps]; };
enum { BarrierCount = 17, CountedZero = 16 };

struct Launch {
    const SwKernel* kernel;
    void** arguments;
    SwIndex grid, block;
    size_t dynamic_bytes;
    uint64_t total;
    uint32_t serial;
    const std::function<void(int64_t)>* task = nullptr;     // instead of a kernel's blocks
    std::atomic<uint64_t> next{0};
    std::atomic<int> error{0};
};

struct SharedVariable { char* address; size_t bytes; const char* name; };
struct Worker;

/// SwBlockShape must come first: device code reads it.
struct SwBlock {
    SwBlockShape shape;
    SwIndex index;
    unsigned threads, warps, live, warps_ready;
    SwThread* thread;
    SwWarp* warp;
    Barrier barrier[BarrierCount];
    char* dynamic;
    size_t dynamic_bytes;
    uint32_t serial;
    Worker* worker;
};

struct Worker {
    SwBlock block;
    SwThread* threads;
    SwWarp* warps;
    char* stacks;
    std::vector<char*> free_stacks;
    void* scheduler_stack;          // where the worker's own code goes on
    char* fault_stack;
    Launch* launch;
    char* shared;                   // arena: static variables, then dynamic bytes that end at a guard page
    size_t static_used, static_bytes;
    std::vector<SharedVariable> variables;
    uint32_t serial;
    uint64_t random;
    int id;
    bool in_fiber;
};

extern __thread Worker* worker __attribute__((tls_model("initial-exec")));

/// Leaves the running fiber for good and goes back to the worker.
[[noreturn]] void leave_fibers();
/// The next thread to run, preferring the given warp; null when none is ready.
SwThread* pick(SwBlock* block, SwWarp* warp);
/// Runs another thread until this one is ready again.
void run_next(SwBlock* block, SwThread* thread);
void run_block(Worker* w, uint64_t number);
void begin_launch(Worker* w, Launch* launch);
void start_fiber(SwThread* thread, char* stack);

void barrier_thread_left(SwBlock* block);
[[noreturn]] void report_stuck(SwBlock* block);

void begin_shared(Worker* w);
void end_shared(Worker* w);

/// Records the launch's first error; true when this call was the first.
bool record_error(Launch* launch, int error);
int launch_now(const SwKernel* kernel, void** arguments, SwIndex grid, SwIndex block, size_t dynamic_bytes);
void install_signal_handlers();
