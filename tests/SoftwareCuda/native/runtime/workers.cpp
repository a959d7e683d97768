// Blocks of a launch are spread over operating system threads of our own, never the caller's.
#include "block.h"
#include "fiber.h"
#include "memory.h"
#include "parallel.h"
#include "../check/check.h"
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <thread>

// Leaked on purpose: a destructor at exit would wait for workers that wait for it.
static std::mutex& guard = *new std::mutex;
static std::mutex& launch_guard = *new std::mutex;
static std::condition_variable& work_there = *new std::condition_variable;
static std::condition_variable& work_done = *new std::condition_variable;
static Launch* current_launch;
static uint64_t generation;
static int ready_workers, pending, active;

static char* map(size_t bytes) {
    return (char*)mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static Worker* create_worker(int id) {
    Worker* w = new Worker();
    w->id = id;
    w->threads = (SwThread*)map(sizeof(SwThread) * MaxThreads);
    w->warps = (SwWarp*)aligned_alloc(64, sizeof(SwWarp) * MaxWarps);
    memset(w->warps, 0, sizeof(SwWarp) * MaxWarps);
    char* stacks = map((size_t)MaxThreads * StackStride + GuardBytes);
    w->stacks = stacks + GuardBytes;
    for (int i = 0; i <= MaxThreads; i++) mprotect(stacks + (size_t)i * StackStride, GuardBytes, PROT_NONE);    // under every stack
    w->fault_stack = (char*)malloc(StackBytes + 64);
    w->shared = open_shared_arena(id);
    return w;
}

/// Blocks in reverse or, with a step prime to their number, shuffled.
static uint64_t block_number(Launch* launch, uint64_t turn) {
    if (settings.order == Order::reverse) return launch->total - 1 - turn;
    const uint64_t step = 0x9E3779B1ull;
    if (settings.order == Order::random && std::gcd(step, launch->total) == 1) return (turn * step + settings.seed) % launch->total;
    return turn;
}

static void work(Worker* w, Launch* launch) {
    if (!launch->task) begin_launch(w, launch);
    for (;;) {
        uint64_t turn = launch->next.fetch_add(1);
        if (turn >= launch->total || launch->error) break;
        if (launch->task) (*launch->task)((int64_t)turn);
        else run_block(w, block_number(launch, turn));
    }
}

static void worker_main(int id) {
    Worker* w = create_worker(id);
    worker = w;
    stack_t alternate = {};
    alternate.ss_sp = malloc(StackBytes);
    alternate.ss_size = StackBytes;
    sigaltstack(&alternate, nullptr);
    sigset_t blocked;   // only what a kernel itself can cause may interrupt a fiber
    sigfillset(&blocked);
    for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) sigdelset(&blocked, number);
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
    std::unique_lock<std::mutex> lock(guard);
    uint64_t seen = generation;
    ready_workers++;
    work_done.notify_all();
    for (;;) {
        work_there.wait(lock, [&] { return generation != seen; });
        seen = generation;
        Launch* launch = current_launch;
        bool takes_part = id < active;
        lock.unlock();
        if (takes_part) work(w, launch);
        lock.lock();
        if (--pending == 0) work_done.notify_all();
    }
}

static void start_workers() {
    static bool started;
    if (started) return;
    started = true;
    install_signal_handlers();
    int count = std::min((int)SwMaxWorkers, std::max(1, std::max(settings.workers, (int)std::thread::hardware_concurrency())));
    std::unique_lock<std::mutex> lock(guard);
    for (int i = 0; i < count; i++) std::thread(worker_main, i).detach();
    work_done.wait(lock, [&] { return ready_workers == count; });
}

static void run(Launch& launch, int workers) {
    std::unique_lock<std::mutex> lock(guard);
    active = workers;
    current_launch = &launch;
    generation++;
    pending = ready_workers;
    work_there.notify_all();
    work_done.wait(lock, [] { return pending == 0; });
}

static int workers_wanted() { return settings.workers > 0 ? std::min(settings.workers, ready_workers) : ready_workers; }

void in_parallel(int64_t count, bool worth_threads, const std::function<void(int64_t)>& task) {
    std::lock_guard<std::mutex> one_at_a_time(launch_guard);
    start_workers();
    if (!worth_threads || workers_wanted() < 2) {
        for (int64_t i = 0; i < count; i++) task(i);
        return;
    }
    Launch launch;
    launch.task = &task;
    launch.total = (uint64_t)count;
    run(launch, workers_wanted());
}

int launch_now(const SwKernel* kernel, void** arguments, SwIndex grid, SwIndex block, size_t dynamic_bytes) {
    static uint32_t serial;
    std::lock_guard<std::mutex> one_at_a_time(launch_guard);
    start_workers();
    Launch launch;
    launch.kernel = kernel;
    launch.arguments = arguments;
    launch.grid = grid;
    launch.block = block;
    launch.dynamic_bytes = dynamic_bytes;
    launch.total = (uint64_t)grid.x * grid.y * grid.z;
    launch.serial = ++serial;
    run(launch, sw_checking ? 1 : workers_wanted());    // the race records of the check build are those of one worker
    int canaries = check_canaries(kernel->name);
    return launch.error ? (int)launch.error : canaries;
}
