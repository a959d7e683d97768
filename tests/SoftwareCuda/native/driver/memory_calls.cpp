// Allocation and copies. Asynchronous copies to or from pinned memory touch it only when they run.
#include "driver.h"
#include "../check/check.h"
#include <stdlib.h>
#include <string.h>

static std::map<uint64_t, size_t>& pinned = *new std::map<uint64_t, size_t>;

bool is_pinned(const void* address) {
    auto after = pinned.upper_bound((uint64_t)address);
    if (after == pinned.begin()) return false;
    auto found = std::prev(after);
    return (uint64_t)address < found->first + found->second;
}

void forget_pinned() {
    if (!pinned.empty()) report("leak: %zu pinned host allocations were never freed", pinned.size());
    for (auto& entry : pinned) free((void*)entry.first);
    pinned.clear();
}

CUresult out_of_range(const char* call, CUdeviceptr address, size_t bytes) {
    report("%s: 0x%llx + %zu bytes is not inside one allocation: %s", call, address, bytes, describe_address(address).c_str());
    return InvalidValue;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
    ENTER;
    if (!bytes || !address) return InvalidValue;
    if (CUresult error = synchronizing("cuMemAlloc")) return error;
    *address = allocate(bytes);
    return *address ? Success : OutOfMemory;
}

EXPORT CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, void* stream) {
    ENTER;
    if (!bytes || !address) return InvalidValue;
    if (!find_stream(stream)) return InvalidHandle;
    *address = allocate(bytes);
    return *address ? Success : OutOfMemory;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
    ENTER;
    if (CUresult error = synchronizing("cuMemFree")) return error;
    drain_all();
    return release(address);
}

EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, void* stream) {
    return enqueue(stream, [address] { return release(address); });
}

EXPORT CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned) {
    ENTER;
    *address = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!*address) return OutOfMemory;
    memset(*address, 0xff, bytes);
    pinned[(uint64_t)*address] = bytes;
    return Success;
}

EXPORT CUresult cuMemAllocHost_v2(void** address, size_t bytes) { return cuMemHostAlloc(address, bytes, 0); }

EXPORT CUresult cuMemFreeHost(void* address) {
    ENTER;
    if (!pinned.erase((uint64_t)address)) return InvalidValue;
    drain_all();
    free(address);
    return Success;
}

static CUresult written(CUdeviceptr address, size_t bytes) {
    shadow_set((void*)address, bytes, Written);
    return Success;
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, void* stream) {
    ENTER;
    if (!bytes) return Success;
    if (!range_is_live(to, bytes)) return out_of_range("cuMemcpyHtoD", to, bytes);
    Stream* s = find_stream(stream);
    if (!s) return InvalidHandle;
    auto copy = [=](const void* source) {
        if (!range_is_live(to, bytes)) return (CUresult)IllegalAddress;
        memcpy((void*)to, source, bytes);
        return written(to, bytes);
    };
    // Pageable memory is staged at the call. A captured copy keeps the address and reads at every replay.
    if (is_pinned(from) || s->capture || !settings.lazy) return enqueue(stream, [=] { return copy(from); });
    auto staged = std::make_shared<std::vector<char>>((const char*)from, (const char*)from + bytes);
    return enqueue(stream, [=] { return copy(staged->data()); });
}

EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
    ENTER;
    if (CUresult error = synchronizing("cuMemcpyHtoD")) return error;
    CUresult error = cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
    return error ? error : sticky_error;
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, void* stream) {
    ENTER;
    if (!bytes) return Success;
    if (!range_is_live(from, bytes)) return out_of_range("cuMemcpyDtoH", from, bytes);
    return enqueue(stream, [=] {
        if (!range_is_live(from, bytes)) return (CUresult)IllegalAddress;
        memcpy(to, (void*)from, bytes);
        return (CUresult)Success;
    });
}

EXPORT CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
    ENTER;
    if (CUresult error = synchronizing("cuMemcpyDtoH")) return error;
    CUresult error = cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
    return error ? error : sticky_error;
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void* stream) {
    ENTER;
    if (!bytes) return Success;
    if (!range_is_live(to, bytes)) return out_of_range("cuMemcpyDtoD", to, bytes);
    if (!range_is_live(from, bytes)) return out_of_range("cuMemcpyDtoD", from, bytes);
    return enqueue(stream, [=] {
        memmove((void*)to, (void*)from, bytes);
        return written(to, bytes);
    });
}

EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) { return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr); }

template <class T> static CUresult fill(const char* call, CUdeviceptr to, T value, size_t count, void* stream) {
    ENTER;
    if (to % sizeof(T)) return InvalidValue;
    if (!count) return Success;
    if (!range_is_live(to, count * sizeof(T))) return out_of_range(call, to, count * sizeof(T));
    return enqueue(stream, [=] {
        for (size_t i = 0; i < count; i++) ((T*)to)[i] = value;
        return written(to, count * sizeof(T));
    });
}

EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, void* stream) {
    return fill("cuMemsetD8", to, value, count, stream);
}
EXPORT CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, void* stream) {
    return fill("cuMemsetD16", to, value, count, stream);
}
EXPORT CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, void* stream) {
    return fill("cuMemsetD32", to, value, count, stream);
}
EXPORT CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) { return cuMemsetD8Async(to, value, count, nullptr); }
EXPORT CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) { return cuMemsetD32Async(to, value, count, nullptr); }
