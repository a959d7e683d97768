// What the software device and the kernel modules it compiles agree on. Modules see this header and device/ only.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct SwIndex { unsigned x, y, z; };
struct SwBlock;
struct SwWarp;

/// One cp.async that has been issued; its bytes move when a wait covers it.
struct SwCopy { void* to; const void* from; unsigned bytes, zeroed; };

enum { SwMaxCopies = 256, SwMaxGroups = 32, SwMaxWorkers = 16 };

/// One CUDA thread: a fiber.
struct SwThread {
    SwIndex index;          // threadIdx
    SwIndex block_index;    // blockIdx, copied here so that one load reaches it
    unsigned linear, lane;
    SwBlock* block;
    SwWarp* warp;
    void* stack_pointer;    // where to go on, while another thread runs
    char* stack;
    unsigned mask, operation, barrier;  // what it waits for
    int line;
    unsigned copies, groups;
    unsigned group_end[SwMaxGroups];    // copies up to this one belong to the group
    SwCopy copy[SwMaxCopies];
};

/// Thirty-two threads. A collective's operands lie in `in`, its results in `out`, a slot a lane.
struct alignas(64) SwWarp {
    unsigned char in[32][64];
    unsigned char out[32][64];
    unsigned live, ready, waiting, unstarted;   // masks over lanes
    unsigned syncs;                             // __syncwarps done, for the race check
    unsigned index;
    SwThread* first;
};

/// Leading fields of a block, which device code reads.
struct SwBlockShape { SwIndex block, grid; };

/// One static __shared__ declaration: where each worker's current block keeps it.
struct SwSlot { unsigned block[SwMaxWorkers]; unsigned offset[SwMaxWorkers]; };

struct SwParameter { unsigned bytes, alignment, pointer; };
struct SwKernel {
    const char* name;
    void (*call)(void** arguments);
    unsigned parameter_count;
    const SwParameter* parameters;
    unsigned launch_bound;              // 0: none
};

typedef void (*SwAction)(SwWarp*, unsigned mask, int line);
enum SwAccess { SwRead = 0, SwWrite = 1, SwAtomic = 2 };
enum { SwArrive = 0x100 };              // added to a barrier's number: do not wait

extern "C" {
extern __thread SwThread* sw_current;
extern int sw_checking;
/// count 0: all live threads of the block.
void sw_barrier(unsigned number, unsigned count, int site);
/// The last lane of the mask to arrive runs the action for all of them.
void sw_collective(unsigned mask, unsigned operation, int line, SwAction action);
void* sw_shared_static(SwSlot* slot, size_t bytes, const char* name);
void* sw_shared_dynamic(int line);
char* sw_shared_base();
int sw_is_removed(int site);
void sw_note_access(const void* address, unsigned bytes, int access);
[[noreturn]] void sw_fault(int error, const char* format, ...) __attribute__((format(printf, 2, 3)));
}
