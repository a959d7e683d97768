// cuLaunchKernel checks all that the driver checks, and that every pointer argument lies in a live allocation.
#include "driver.h"
#include "../runtime/block.h"
#include <string.h>

Function* find_function(void* handle);
enum { DefaultDynamicBytes = 48 * 1024 };

static size_t align(size_t offset, size_t to) { return (offset + to - 1) / to * to; }

EXPORT CUresult cuFuncSetAttribute(void* handle, int attribute, int value) {
    ENTER;
    Function* function = find_function(handle);
    if (!function) return InvalidHandle;
    if (attribute != 8) return Success;     // 8: most dynamic shared bytes
    if (value < 0 || (size_t)value > settings.max_block_shared()) return InvalidValue;
    function->max_dynamic = value;
    return Success;
}

EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, void* handle) {
    ENTER;
    Function* function = find_function(handle);
    if (!function) return InvalidHandle;
    switch (attribute) {
        case 0: *value = function->kernel->launch_bound ? (int)function->kernel->launch_bound : MaxThreads; break;
        case 5: case 6: *value = settings.capability; break;
        case 8: *value = function->max_dynamic; break;
        default: *value = 0;
    }
    return Success;
}

EXPORT CUresult cuFuncSetCacheConfig(void* handle, int) { ENTER; return find_function(handle) ? Success : InvalidHandle; }

EXPORT CUresult cuFuncGetParamInfo(void* handle, size_t index, size_t* offset, size_t* bytes) {
    ENTER;
    Function* function = find_function(handle);
    if (!function) return InvalidHandle;
    const SwKernel* kernel = function->kernel;
    if (index >= kernel->parameter_count) return InvalidValue;
    size_t at = 0;
    for (size_t k = 0; k < index; k++) at = align(at, kernel->parameters[k].alignment) + kernel->parameters[k].bytes;
    *offset = align(at, kernel->parameters[index].alignment);
    if (bytes) *bytes = kernel->parameters[index].bytes;
    return Success;
}

/// Threads alone limit it here: registers and shared memory of a multiprocessor are not modelled.
EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads, size_t dynamic_bytes) {
    ENTER;
    if (!find_function(handle)) return InvalidHandle;
    if (threads <= 0) return InvalidValue;
    size_t by_shared = dynamic_bytes ? (settings.max_block_shared() + 1024) / (dynamic_bytes + 1024) : 32;
    *blocks = (int)std::min<size_t>({32, 2048u / (unsigned)threads, by_shared});
    return Success;
}

static bool shape_is_valid(const SwKernel* kernel, SwIndex grid, SwIndex block) {
    const char* name = kernel->name;
    if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535) {
        report("launch of %s: grid (%u,%u,%u) block (%u,%u,%u) is not valid", name, grid.x, grid.y, grid.z, block.x, block.y, block.z);
        return false;
    }
    if (block.x > 1024 || block.y > 1024 || block.z > 64 || (uint64_t)block.x * block.y * block.z > MaxThreads) {
        report("launch of %s: too many threads: block (%u,%u,%u) is more than 1024", name, block.x, block.y, block.z);
        return false;
    }
    return true;
}

/// Copies of the arguments: the caller's may be gone when a lazy stream or a graph runs the launch.
struct Arguments {
    std::vector<char> bytes;
    std::vector<void*> pointers;
};

static std::shared_ptr<Arguments> copy_arguments(const SwKernel* kernel, void** given) {
    auto copy = std::make_shared<Arguments>();
    size_t total = 0;
    for (unsigned i = 0; i < kernel->parameter_count; i++) total = align(total, 16) + kernel->parameters[i].bytes;
    copy->bytes.resize(total + 16);
    copy->pointers.resize(kernel->parameter_count + 1);
    size_t offset = 0;
    for (unsigned i = 0; i < kernel->parameter_count; i++) {
        if (!given || !given[i]) {
            report("launch of %s: argument %u of %u is missing", kernel->name, i, kernel->parameter_count);
            return nullptr;
        }
        offset = align(offset, 16);
        char* place = copy->bytes.data() + offset;
        memcpy(place, given[i], kernel->parameters[i].bytes);
        copy->pointers[i] = place;
        offset += kernel->parameters[i].bytes;
        if (!kernel->parameters[i].pointer) continue;
        uint64_t address = *(uint64_t*)place;
        if (!address || pointer_is_live(address)) continue;
        report("launch of %s: argument %u is a pointer, but 0x%llx is %s", kernel->name, i, (unsigned long long)address,
               describe_address(address).c_str());
        return nullptr;
    }
    return copy;
}

EXPORT CUresult cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                               unsigned block_z, unsigned dynamic_bytes, void* stream, void** given, void** extra) {
    ENTER;
    Function* function = find_function(handle);
    if (!function) return InvalidHandle;
    if (extra) return InvalidValue;
    const SwKernel* kernel = function->kernel;
    SwIndex grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
    if (!shape_is_valid(kernel, grid, block)) return InvalidValue;
    if (kernel->launch_bound && block_x * block_y * block_z > kernel->launch_bound) {
        report("launch of %s: too many threads: %u, __launch_bounds__ says %u", kernel->name, block_x * block_y * block_z, kernel->launch_bound);
        return InvalidValue;
    }
    unsigned most = std::max<unsigned>(DefaultDynamicBytes, (unsigned)function->max_dynamic);
    if (dynamic_bytes > most) {
        report("launch of %s: too much shared memory: %u dynamic bytes, allowed %u (cuFuncSetAttribute gave %d)", kernel->name,
               dynamic_bytes, most, function->max_dynamic);
        return InvalidValue;
    }
    auto arguments = copy_arguments(kernel, given);
    if (!arguments) return InvalidValue;
    return enqueue(stream, [=] { return launch_now(kernel, arguments->pointers.data(), grid, block, dynamic_bytes); });
}
