// Shuffles, votes, __syncwarp, ldmatrix and mma: each lane leaves its operands, the last one to arrive works for all.
#include "block.h"

extern "C" __attribute__((visibility("default"))) void sw_collective(unsigned mask, unsigned operation, int line, SwAction action) {
    SwThread* thread = sw_current;
    SwWarp* warp = thread->warp;
    unsigned bit = 1u << thread->lane;
    if (__builtin_expect(!(mask & bit), 0))
        sw_fault(719, "line %d: a warp collective with mask %08x, called by lane %u, which is not in it", line, mask, thread->lane);
    if (__builtin_expect(mask & ~warp->live, 0))
        sw_fault(719, "line %d: warp collective mask %08x names lanes %08x that have exited or do not exist", line, mask, mask & ~warp->live);
    thread->mask = mask;
    thread->operation = operation;
    thread->line = line;
    warp->waiting |= bit;
    if ((warp->waiting & mask) == mask) {
        for (unsigned rest = mask; rest; rest &= rest - 1) {
            SwThread* other = warp->first + __builtin_ctz(rest);
            if (__builtin_expect(other->mask != mask || other->operation != operation, 0))
                sw_fault(719, "divergent warp collective: lane %u at line %d (mask %08x), lane %u at line %d (mask %08x)",
                         thread->lane, line, mask, other->lane, other->line, other->mask);
        }
        if (action) action(warp, mask, line);
        else warp->syncs++;
        warp->waiting &= ~mask;
        warp->ready |= mask;
        thread->block->warps_ready |= 1u << warp->index;
    }
    run_next(thread->block, thread);
}
