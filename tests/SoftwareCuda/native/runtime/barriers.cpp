// Barriers of a block, and what to say when nothing can run any more.
#include "block.h"
#include "../check/check.h"
#include <map>
#include <stdio.h>
#include <string.h>
#include <string>

static void release_waiting(SwBlock* block, Barrier& barrier) {
    if (sw_checking) races_barrier_released(block, (unsigned)(&barrier - block->barrier));
    for (unsigned i = 0; i < block->warps; i++) {
        if (!barrier.waiting[i]) continue;
        block->warp[i].ready |= barrier.waiting[i];
        block->warps_ready |= 1u << i;
        barrier.waiting[i] = 0;
    }
    barrier.count = 0;
    barrier.site = 0;
}

/// A site is a source line and, in the high half, a number of its own, so that two barriers on one line differ.
static int line_of(int site) { return site & 0xffff; }

extern "C" __attribute__((visibility("default"))) void sw_barrier(unsigned number, unsigned count, int site) {
    SwThread* thread = sw_current;
    SwBlock* block = thread->block;
    bool arrive = (number & SwArrive) != 0;
    number &= 0xff;
    if (number > 15) sw_fault(715, "line %d: there is no barrier %u", line_of(site), number);
    unsigned slot = number == 0 && count ? (unsigned)CountedZero : number;
    Barrier& barrier = block->barrier[slot];
    thread->line = site;
    thread->barrier = number;
    if (!count) {
        if (barrier.count && barrier.site != site)
            sw_fault(719, "divergent barrier: threads of one block wait at line %d and at line %d", line_of(barrier.site), line_of(site));
        barrier.site = site;
    } else {
        if (count % 32 || count > MaxThreads)
            sw_fault(715, "line %d: a barrier for %u threads, which is not a multiple of 32 up to 1024", line_of(site), count);
        if (barrier.count && barrier.expected != count)
            sw_fault(715, "line %d: barrier %u used with counts %u and %u", line_of(site), number, barrier.expected, count);
        barrier.expected = count;
    }
    if (sw_checking) races_barrier_reached(thread, slot, arrive);
    barrier.count++;
    if (!arrive) barrier.waiting[thread->warp->index] |= 1u << thread->lane;
    bool complete = barrier.count >= (count ? count : block->live);
    if (complete) release_waiting(block, barrier);
    if (!arrive) run_next(block, thread);
}

/// Threads that have exited do not count for __syncthreads (since Volta).
void barrier_thread_left(SwBlock* block) {
    if (block->barrier[0].count == block->live) release_waiting(block, block->barrier[0]);
}

void report_stuck(SwBlock* block) {
    std::map<std::string, int> places;
    for (unsigned i = 0; i < block->threads; i++) {
        SwThread& thread = block->thread[i];
        SwWarp* warp = thread.warp;
        if (!(warp->live >> thread.lane & 1)) continue;
        char place[128];
        if (warp->waiting >> thread.lane & 1)
            snprintf(place, sizeof place, "a warp collective at line %d with mask %08x%s", thread.line, thread.mask,
                     thread.mask & ~warp->live ? " naming lanes that have exited" : "");
        else snprintf(place, sizeof place, "barrier %u at line %d", thread.barrier, line_of(thread.line));
        places[place]++;
    }
    std::string text;
    for (auto& place : places)
        text += (text.empty() ? "" : "; ") + std::to_string(place.second) + " threads wait at " + place.first;
    if (block->live < block->threads) text += "; " + std::to_string(block->threads - block->live) + " threads have exited";
    sw_fault(719, "divergent barrier, nothing can go on: %s", text.c_str());
}
