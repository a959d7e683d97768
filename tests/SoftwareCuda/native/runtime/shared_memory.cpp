// Shared memory of a block: poisoned before it starts, canaries behind every variable, looked at when it ends.
#include "block.h"
#include "memory.h"
#include "report.h"
#include "../check/check.h"
#include <string.h>

static size_t with_canary(size_t bytes) { return (bytes + CanaryBytes + 127) & ~(size_t)127; }

static void report_overrun(Worker* w, const char* name, size_t bytes, size_t at) {
    SwIndex b = w->block.index;
    if (record_error(w->launch, 700))
        report("kernel %s block (%u,%u,%u): error 700: write past the end of %s (%zu bytes), at byte %zu",
               w->launch->kernel->name, b.x, b.y, b.z, name, bytes, at);
}

/// Dynamic bytes end at a guard page; what their alignment leaves over holds the canary.
void begin_shared(Worker* w) {
    SwBlock& block = w->block;
    w->static_used = w->static_bytes = 0;
    w->variables.clear();
    block.dynamic = nullptr;
    if (!block.dynamic_bytes) return;
    size_t rounded = (block.dynamic_bytes + 127) & ~(size_t)127;
    block.dynamic = w->shared + StaticArenaBytes + DynamicArenaBytes - rounded;
    memset(block.dynamic, PoisonByte, block.dynamic_bytes);
    memset(block.dynamic + block.dynamic_bytes, CanaryByte, rounded - block.dynamic_bytes);
    if (sw_checking) shadow_set(block.dynamic, block.dynamic_bytes, Addressable);
}

void end_shared(Worker* w) {
    SwBlock& block = w->block;
    for (auto& variable : w->variables) {
        for (size_t i = variable.bytes; i < with_canary(variable.bytes); i++) {
            if ((unsigned char)variable.address[i] == CanaryByte) continue;
            report_overrun(w, variable.name, variable.bytes, i);
            break;
        }
        if (sw_checking) shadow_set(variable.address, variable.bytes, Closed);
    }
    if (!block.dynamic) return;
    for (size_t i = block.dynamic_bytes; i % 128; i++) {
        if ((unsigned char)block.dynamic[i] == CanaryByte) continue;
        report_overrun(w, "dynamic shared memory", block.dynamic_bytes, i);
        break;
    }
    if (sw_checking) shadow_set(block.dynamic, block.dynamic_bytes, Closed);
}

extern "C" {
__attribute__((visibility("default"))) char* sw_shared_base() { return worker->shared; }

__attribute__((visibility("default"))) void* sw_shared_static(SwSlot* slot, size_t bytes, const char* name) {
    Worker* w = worker;
    if (slot->block[w->id] == w->block.serial) return w->shared + slot->offset[w->id];
    w->static_bytes += bytes;
    if (w->static_bytes > StaticSharedBytes)
        sw_fault(1, "static __shared__ is %zu bytes with %s: more than 49152 does not assemble", w->static_bytes, name);
    if (w->static_bytes + w->block.dynamic_bytes > settings.max_block_shared())
        sw_fault(1, "static and dynamic shared memory: %zu bytes, more than the %zu a block can have",
                 w->static_bytes + w->block.dynamic_bytes, settings.max_block_shared());
    size_t whole = with_canary(bytes);
    if (w->static_used + whole > StaticArenaBytes) sw_fault(1, "too many static __shared__ variables");
    char* address = w->shared + w->static_used;
    slot->block[w->id] = w->block.serial;
    slot->offset[w->id] = (unsigned)w->static_used;
    w->static_used += whole;
    w->variables.push_back({address, bytes, name});
    memset(address, PoisonByte, bytes);
    memset(address + bytes, CanaryByte, whole - bytes);
    if (sw_checking) shadow_set(address, bytes, Addressable);
    return address;
}

__attribute__((visibility("default"))) void* sw_shared_dynamic(int line) {
    if (!worker->block.dynamic) sw_fault(700, "line %d: dynamic shared memory used, but the launch gave 0 bytes", line);
    return worker->block.dynamic;
}
}
