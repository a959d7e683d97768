// Every byte of device memory: may it be accessed, was it ever written?
#include "check.h"
#include "../runtime/block.h"
#include "../runtime/fiber.h"
#include "../runtime/memory.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

unsigned char* shadow;

void open_shadow() {
    if (!shadow) {
        void* range = mmap(nullptr, DeviceRange, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        shadow = range == MAP_FAILED ? nullptr : (unsigned char*)range;
    }
    else madvise(shadow, DeviceRange, MADV_DONTNEED);
    open_race_records();
}

void shadow_set(const void* address, size_t bytes, Shadow state) {
    if (shadow && sw_checking) memset(shadow + ((const char*)address - device_base), state, bytes);
}

std::string describe_shared(const void* address) {
    char text[160];
    const char* p = (const char*)address;
    for (auto& variable : worker->variables) {
        if (p < variable.address || p >= variable.address + variable.bytes) continue;
        snprintf(text, sizeof text, "byte %zu of __shared__ %s", (size_t)(p - variable.address), variable.name);
        return text;
    }
    snprintf(text, sizeof text, "byte %td of dynamic shared memory", p - worker->block.dynamic);
    return text;
}

static bool inside(const void* address, const void* start, size_t bytes) { return (size_t)((const char*)address - (const char*)start) < bytes; }

/// What belongs to the thread or to the emulation itself: its stack, constants, thread and warp records.
static bool is_private(const void* address) {
    Worker* w = worker;
    return inside(address, w->stacks, (size_t)MaxThreads * StackStride) || in_module(address)
        || inside(address, w->threads, sizeof(SwThread) * MaxThreads) || inside(address, w->warps, sizeof(SwWarp) * MaxWarps)
        || inside(address, &w->block, sizeof w->block) || address == (void*)&sw_current
        || inside(address, w->launch->arguments, sizeof(void*) * (w->launch->kernel->parameter_count + 1));
}

static const char* verb(SwAccess access) { return access == SwRead ? "read" : access == SwWrite ? "write" : "atomic"; }

void check_access(const void* address, unsigned bytes, SwAccess access) {
    size_t offset = (size_t)((const char*)address - device_base);
    if (offset >= DeviceRange) {
        if ((uintptr_t)address < 4096) sw_fault(700, "%s of %u bytes at %p: null pointer", verb(access), bytes, address);
        if (!is_private(address))
            sw_fault(700, "%s of %u bytes at %p: not device memory (a host pointer?)", verb(access), bytes, address);
        return;
    }
    bool shared = inside(address, worker->shared, SharedArenaBytes);
    unsigned char* state = shadow + offset;
    unsigned char all = Written;
    for (unsigned i = 0; i < bytes; i++) all &= state[i];
    if (!(all & Addressable))
        sw_fault(700, "%s of %u bytes at %p: %s", verb(access), bytes, address, describe_address((uint64_t)address).c_str());
    if (access != SwWrite && all != Written)
        sw_fault(719, "read of %u bytes of memory that was never written: %s", bytes,
                 shared ? describe_shared(address).c_str() : describe_address((uint64_t)address).c_str());
    if (access != SwRead) memset(state, Written, bytes);
    SwThread* thread = sw_current;
    // Neighbouring bytes may belong to different threads: bf16 values and pixels are narrower than a word.
    if (shared)
        for (char* half = (char*)((uintptr_t)address & ~(uintptr_t)1); half < (char*)address + bytes; half += 2)
            race_check_shared(thread, half, access);
    else
        for (char* byte = (char*)address; byte < (char*)address + bytes; byte++) race_check_global(thread, byte, access);
}

extern "C" __attribute__((visibility("default"))) void sw_note_access(const void* address, unsigned bytes, int access) {
    if (sw_checking && shadow) check_access(address, bytes, (SwAccess)access);
}
