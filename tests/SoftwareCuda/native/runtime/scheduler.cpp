// Which thread of a block runs next. Ready threads are a mask of lanes a warp and a mask of warps: picking is a bit scan.
#include "block.h"
#include "fiber.h"
#include "../check/check.h"
#include <string.h>

extern "C" {
__attribute__((visibility("default"), tls_model("initial-exec"))) __thread SwThread* sw_current = nullptr;
__attribute__((visibility("default"))) int sw_checking = 0;
}
__thread Worker* worker __attribute__((tls_model("initial-exec"))) = nullptr;

static uint64_t draw(Worker* w) {   // xorshift64
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

static int choose_bit(Worker* w, unsigned mask) {
    if (settings.order == Order::forward) return __builtin_ctz(mask);
    if (settings.order == Order::reverse) return 31 - __builtin_clz(mask);
    for (int skip = (int)(draw(w) % __builtin_popcount(mask)); skip > 0; skip--) mask &= mask - 1;
    return __builtin_ctz(mask);
}

SwThread* pick(SwBlock* block, SwWarp* warp) {
    Worker* w = block->worker;
    bool change = !warp->ready || (settings.order == Order::random && (draw(w) & 7) == 0);
    if (change) {
        unsigned mask = block->warps_ready;
        if (!mask) return nullptr;
        int next;
        if (settings.order == Order::forward) {     // round, so that a block's warps take turns
            unsigned later = mask >> warp->index;
            next = later ? warp->index + __builtin_ctz(later) : __builtin_ctz(mask);
        } else next = choose_bit(w, mask);
        warp = &block->warp[next];
    }
    int lane = choose_bit(w, warp->ready);
    warp->ready &= ~(1u << lane);
    if (!warp->ready) block->warps_ready &= ~(1u << warp->index);
    return warp->first + lane;
}

void leave_fibers() {
    void* dropped;
    sw_switch(&dropped, worker->scheduler_stack);
    __builtin_unreachable();
}

/// What every fiber runs. A thread that ends hands its stack to the next unstarted one, so only blocked threads keep a stack and a
/// kernel without barriers is a plain loop.
static void fiber_main() {
    Worker* w = worker;
    SwBlock* block = &w->block;
    for (;;) {
        w->launch->kernel->call(w->launch->arguments);
        SwThread* thread = sw_current;
        if (__builtin_expect(thread->copies != 0, 0))
            sw_fault(719, "thread exits with %u asynchronous copies not waited for", thread->copies);
        SwWarp* warp = thread->warp;
        warp->live &= ~(1u << thread->lane);
        block->live--;
        if (!block->live) {
            w->free_stacks.push_back(thread->stack);
            leave_fibers();
        }
        barrier_thread_left(block);
        SwThread* next = pick(block, warp);
        if (!next) report_stuck(block);
        sw_current = next;
        unsigned bit = 1u << next->lane;
        if (next->warp->unstarted & bit) {
            next->warp->unstarted &= ~bit;
            next->stack = thread->stack;
            continue;
        }
        w->free_stacks.push_back(thread->stack);
        void* dropped;
        sw_switch(&dropped, next->stack_pointer);
    }
}

void start_fiber(SwThread* thread, char* stack) {
    thread->warp->unstarted &= ~(1u << thread->lane);
    thread->stack = stack;
    thread->stack_pointer = prepare_stack(stack, (unsigned)((stack - worker->stacks) / StackStride), fiber_main);
}

static char* take_stack(Worker* w) {
    char* stack = w->free_stacks.back();
    w->free_stacks.pop_back();
    return stack;
}

void run_next(SwBlock* block, SwThread* thread) {
    SwThread* next = pick(block, thread->warp);
    if (!next) report_stuck(block);
    if (next == thread) return;
    sw_current = next;
    if (next->warp->unstarted & (1u << next->lane)) start_fiber(next, take_stack(block->worker));
    sw_switch(&thread->stack_pointer, next->stack_pointer);
}

/// Also after a fault: the fibers that were left behind are forgotten, all stacks are free again.
void begin_launch(Worker* w, Launch* launch) {
    SwBlock& block = w->block;
    SwIndex shape = launch->block;
    w->launch = launch;
    block.shape = {shape, launch->grid};
    block.threads = shape.x * shape.y * shape.z;
    block.warps = (block.threads + 31) / 32;
    block.thread = w->threads;
    block.warp = w->warps;
    block.worker = w;
    block.dynamic_bytes = launch->dynamic_bytes;
    for (unsigned i = 0; i < block.threads; i++) {
        SwThread& thread = w->threads[i];
        thread.linear = i;
        thread.index = {i % shape.x, i / shape.x % shape.y, i / (shape.x * shape.y)};
        thread.lane = i & 31;
        thread.block = &block;
        thread.warp = &w->warps[i >> 5];
        thread.copies = thread.groups = 0;
    }
    for (unsigned i = 0; i < block.warps; i++) {
        w->warps[i].index = i;
        w->warps[i].first = &w->threads[i * 32];
    }
    w->free_stacks.clear();
    for (int i = MaxThreads - 1; i >= 0; i--) w->free_stacks.push_back(w->stacks + (size_t)i * StackStride);
}

void run_block(Worker* w, uint64_t number) {
    SwBlock& block = w->block;
    Launch* launch = w->launch;
    SwIndex grid = launch->grid;
    if (settings.order == Order::random) {
        w->random = (settings.seed * 0x9E3779B97F4A7C15ull) ^ (number * 0xD1B54A32D192ED03ull) ^ 88172645463325252ull;
        draw(w);
    }
    block.index = {(unsigned)(number % grid.x), (unsigned)(number / grid.x % grid.y), (unsigned)(number / ((uint64_t)grid.x * grid.y))};
    block.live = block.threads;
    block.warps_ready = block.warps == 32 ? ~0u : (1u << block.warps) - 1;
    block.serial = ++w->serial;
    memset(block.barrier, 0, sizeof block.barrier);
    for (unsigned i = 0; i < block.threads; i++) w->threads[i].block_index = block.index;
    for (unsigned i = 0; i < block.warps; i++) {
        SwWarp& warp = w->warps[i];
        unsigned lanes = block.threads - i * 32;
        warp.live = warp.ready = warp.unstarted = lanes >= 32 ? ~0u : (1u << lanes) - 1;
        warp.waiting = warp.syncs = 0;
    }
    begin_shared(w);
    if (sw_checking) races_begin_block();
    SwThread* first = pick(&block, &w->warps[settings.order == Order::reverse ? block.warps - 1 : 0]);
    start_fiber(first, take_stack(w));
    sw_current = first;
    w->in_fiber = true;
    sw_switch(&w->scheduler_stack, first->stack_pointer);
    w->in_fiber = false;
    end_shared(w);
}
