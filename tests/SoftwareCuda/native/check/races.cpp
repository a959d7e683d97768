// Races. In shared memory: the last writer of a word and the last reader of each warp must be ordered before this access by barriers
// (vector clocks, one a warp) or, inside a warp, by __syncwarp. In global memory: what one block writes no other may touch in one launch.
#include "check.h"
#include "../runtime/block.h"
#include "../runtime/memory.h"
#include <string.h>
#include <sys/mman.h>

struct SharedWord {
    uint32_t block;                     // serial of the block this record belongs to
    uint32_t write_clock, write_syncs, readers;
    uint16_t writer, atomic;
    uint32_t read_clock[MaxWarps], read_syncs[MaxWarps];
    uint16_t reader[MaxWarps];
};
struct GlobalWord { uint32_t write_launch, read_launch, writer, reader; };
enum : uint32_t { ManyThreads = 0xffff, ManyBlocks = 0x7fffffff, AtomicWriter = 0x80000000u };

static SharedWord* shared_words;
static GlobalWord* global_words;
static uint32_t warp_clock[MaxWarps][MaxWarps], barrier_clock[BarrierCount][MaxWarps];

template <class T> static T* reserve(T* existing, size_t count) {
    if (existing) {
        madvise(existing, count * sizeof(T), MADV_DONTNEED);
        return existing;
    }
    void* range = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return range == MAP_FAILED ? nullptr : (T*)range;
}

void open_race_records() {
    shared_words = reserve(shared_words, SharedArenaBytes / 2);
    global_words = reserve(global_words, DeviceRange);
}

static void join(uint32_t* into, const uint32_t* from) {
    for (int i = 0; i < MaxWarps; i++)
        if (into[i] < from[i]) into[i] = from[i];
}

void races_begin_block() {
    memset(warp_clock, 0, sizeof warp_clock);
    memset(barrier_clock, 0, sizeof barrier_clock);
    for (int i = 0; i < MaxWarps; i++) warp_clock[i][i] = 1;
}

void races_barrier_reached(SwThread* thread, unsigned barrier, bool arrive) {
    unsigned warp = thread->warp->index;
    join(barrier_clock[barrier], warp_clock[warp]);
    if (arrive) warp_clock[warp][warp]++;
}

void races_barrier_released(SwBlock* block, unsigned barrier) {
    uint32_t* clock = barrier_clock[barrier];
    if (barrier == 0)   // threads that have exited took part as well
        for (unsigned i = 0; i < block->warps; i++) join(clock, warp_clock[i]);
    for (unsigned i = 0; i < block->warps; i++) {
        if (!block->barrier[barrier].waiting[i]) continue;
        join(warp_clock[i], clock);
        warp_clock[i][i]++;
    }
    memset(clock, 0, sizeof barrier_clock[0]);
}

static void fault(const char* kind, const void* word, unsigned other) {
    sw_fault(719, "race in shared memory (%s): thread %u and this thread, with no barrier in between, at %s",
             kind, other, describe_shared(word).c_str());
}

void race_check_shared(SwThread* thread, char* word, SwAccess access) {
    if (!shared_words) return;
    SharedWord& r = shared_words[(word - worker->shared) / 2];
    unsigned me = thread->linear, warp = me / 32;
    uint32_t* clock = warp_clock[warp];
    uint32_t syncs = thread->warp->syncs;
    bool atomic = access == SwAtomic, writes = access != SwRead;
    if (r.block != thread->block->serial) {
        r.block = thread->block->serial;
        r.write_clock = r.readers = 0;
        r.atomic = 0;
    }
    bool both_atomic = atomic && r.atomic;
    if (r.write_clock && r.writer != me && !both_atomic) {
        unsigned other = r.writer / 32;
        bool ordered = other == warp ? r.write_clock < clock[warp] || r.write_syncs < syncs : r.write_clock <= clock[other];
        if (!ordered) fault(writes ? "write after write" : "read after write", word, r.writer);
    }
    if (!writes) {
        bool same_time = (r.readers >> warp & 1) && r.read_clock[warp] == clock[warp] && r.read_syncs[warp] == syncs;
        r.reader[warp] = same_time && r.reader[warp] != me ? ManyThreads : me;
        r.readers |= 1u << warp;
        r.read_clock[warp] = clock[warp];
        r.read_syncs[warp] = syncs;
        return;
    }
    for (unsigned rest = r.readers; rest; rest &= rest - 1) {
        unsigned other = __builtin_ctz(rest);
        bool ordered = other == warp
            ? r.reader[other] == me || r.read_clock[other] < clock[warp] || r.read_syncs[other] < syncs
            : r.read_clock[other] <= clock[other];
        if (!ordered && !both_atomic) fault("write after read", word, r.reader[other] == ManyThreads ? other * 32 : r.reader[other]);
    }
    r.write_clock = clock[warp];
    r.writer = me;
    r.write_syncs = syncs;
    r.atomic = atomic;
    r.readers = 0;
}

void race_check_global(SwThread* thread, char* word, SwAccess access) {
    if (!global_words) return;
    Launch* launch = worker->launch;
    SwIndex b = thread->block_index, grid = launch->grid;
    uint32_t block = 1 + b.x + grid.x * (b.y + grid.y * b.z);
    GlobalWord& r = global_words[word - device_base];
    bool atomic = access == SwAtomic, writes = access != SwRead;
    uint32_t writer = r.writer & ~AtomicWriter;
    if (r.write_launch == launch->serial && writer != block && !(atomic && (r.writer & AtomicWriter)))
        sw_fault(719, "race between blocks: block %u wrote this address in the same launch: %s", writer - 1,
                 describe_address((uint64_t)word).c_str());
    if (writes && !atomic && r.read_launch == launch->serial && r.reader != block)
        sw_fault(719, "race between blocks: another block read this address in the same launch: %s", describe_address((uint64_t)word).c_str());
    if (writes) {
        r.write_launch = launch->serial;
        r.writer = block | (atomic ? (uint32_t)AtomicWriter : 0u);
    } else if (r.read_launch != launch->serial) {
        r.read_launch = launch->serial;
        r.reader = block;
    } else if (r.reader != block) r.reader = ManyBlocks;
}
