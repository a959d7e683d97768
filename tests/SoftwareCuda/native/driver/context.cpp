// Initialisation, the one device, its primary context.
#include "driver.h"
#include "../check/check.h"
#include "../runtime/block.h"
#include <stdio.h>
#include <string.h>

std::recursive_mutex& driver_guard = *new std::recursive_mutex;
bool initialized;
CUresult sticky_error;

static char primary;                    // its address is the context's handle
static int retained;
static std::set<void*>& contexts = *new std::set<void*>;   // made by cuCtxCreate
enum { DeepestStack = 16 };
static thread_local void* bound[DeepestStack];
static thread_local int depth;

CUresult entry_error() {
    if (!initialized) return NotInitialized;
    if (!depth || !bound[depth - 1]) return InvalidContext;
    if (bound[depth - 1] == &primary && !retained) return InvalidContext;
    return sticky_error;
}

static void apply_settings() {
    read_settings();
    open_device_range();
    sw_checking = settings.check;
    if (settings.check) open_shadow();
}

EXPORT CUresult cuInit(unsigned flags) {
    LOCK;
    if (flags) return InvalidValue;
    if (!initialized) apply_settings();
    if (settings.absent) return NoDevice;
    initialized = true;
    return Success;
}

/// As after a fresh start of the process, with the settings as they are now. Reports what is still allocated.
EXPORT size_t swcuda_reset() {
    LOCK;
    forget_streams();
    size_t leaked = release_everything();
    forget_modules();
    forget_pinned();
    sticky_error = Success;
    operations_run = 0;
    retained = 0;
    contexts.clear();
    initialized = false;
    apply_settings();
    return leaked;
}

EXPORT CUresult cuDriverGetVersion(int* version) {
    if (!version) return InvalidValue;
    *version = 13000;
    return Success;
}

EXPORT CUresult cuDeviceGetCount(int* count) {
    if (!initialized) return NotInitialized;
    *count = 1;
    return Success;
}

EXPORT CUresult cuDeviceGet(int* device, int ordinal) {
    if (!initialized) return NotInitialized;
    if (ordinal) return InvalidDevice;
    *device = 0;
    return Success;
}

EXPORT CUresult cuDeviceGetName(char* name, int bytes, int device) {
    if (!initialized) return NotInitialized;
    if (device) return InvalidDevice;
    snprintf(name, (size_t)bytes, "Software CUDA device");
    return Success;
}

EXPORT CUresult cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
    if (!initialized) return NotInitialized;
    if (device) return InvalidDevice;
    memcpy(uuid, "software cuda 00", 16);
    return Success;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, int device) {
    if (!initialized) return NotInitialized;
    if (device) return InvalidDevice;
    *bytes = settings.memory;
    return Success;
}

EXPORT CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
    ENTER;
    *total = settings.memory;
    *free_bytes = settings.memory - bytes_in_use();
    return Success;
}

/// The attributes a program asks for; the rest is 0, as for a property the device lacks.
EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, int device) {
    if (!initialized) return NotInitialized;
    if (device) return InvalidDevice;
    if (attribute <= 0 || attribute >= 150) return InvalidValue;
    switch (attribute) {
        case 1: case 2: case 3: *value = 1024; break;           // threads a block, block x, y
        case 4: *value = 64; break;                             // block z
        case 5: *value = 2147483647; break;                     // grid x
        case 6: case 7: *value = 65535; break;                  // grid y, z
        case 8: *value = 48 * 1024; break;                      // shared memory a block
        case 9: *value = 64 * 1024; break;                      // constant memory
        case 10: *value = 32; break;                            // warp
        case 12: case 82: *value = 65536; break;                // registers a block, a multiprocessor
        case 13: *value = 1000000; break;                       // clock, kHz
        case 14: *value = 512; break;                           // texture alignment
        case 16: *value = 4; break;                             // multiprocessors
        case 31: case 41: *value = 1; break;                    // concurrent kernels, unified addressing
        case 36: *value = 1000000; break;                       // memory clock, kHz
        case 37: *value = 256; break;                           // bus width, bits
        case 38: *value = 32 << 20; break;                      // level 2 cache
        case 39: *value = 2048; break;                          // threads a multiprocessor
        case 40: *value = 2; break;                             // copy engines
        case 75: *value = settings.capability / 10; break;
        case 76: *value = settings.capability % 10; break;
        case 81: *value = (int)settings.max_block_shared() + 1024; break;
        case 97: *value = (int)settings.max_block_shared(); break;
        case 106: *value = 32; break;                           // blocks a multiprocessor
        case 115: *value = 1; break;                            // memory pools
        default: *value = 0;
    }
    return Success;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(void** context, int device) {
    LOCK;
    if (!initialized) return NotInitialized;
    if (device) return InvalidDevice;
    retained++;
    *context = &primary;
    return Success;
}

/// The last release destroys the context and everything in it; what was allocated then is a leak.
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(int device) {
    LOCK;
    if (!initialized) return NotInitialized;
    if (device) return InvalidDevice;
    if (!retained) return InvalidContext;
    if (--retained) return Success;
    drain_all();
    forget_streams();
    release_everything();
    forget_modules();
    sticky_error = Success;
    return Success;
}

EXPORT CUresult cuDevicePrimaryCtxReset_v2(int device) {
    LOCK;
    if (device) return InvalidDevice;
    forget_streams();
    release_everything();
    forget_modules();
    sticky_error = Success;
    return Success;
}

EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(int device, unsigned) { return device ? InvalidDevice : Success; }

EXPORT CUresult cuDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
    if (device) return InvalidDevice;
    *flags = 0;
    *active = retained > 0;
    return Success;
}

static bool is_context(void* context) { return context == &primary || contexts.count(context); }

EXPORT CUresult cuCtxSetCurrent(void* context) {
    LOCK;
    if (!initialized) return NotInitialized;
    if (context && !is_context(context)) return InvalidContext;
    if (!depth) depth = 1;
    bound[depth - 1] = context;
    return Success;
}

EXPORT CUresult cuCtxGetCurrent(void** context) {
    if (!initialized) return NotInitialized;
    *context = depth ? bound[depth - 1] : nullptr;
    return Success;
}

EXPORT CUresult cuCtxPushCurrent_v2(void* context) {
    LOCK;
    if (!initialized) return NotInitialized;
    if (!is_context(context)) return InvalidContext;
    if (depth == DeepestStack) return InvalidValue;
    bound[depth++] = context;
    return Success;
}

EXPORT CUresult cuCtxPopCurrent_v2(void** context) {
    if (!initialized) return NotInitialized;
    if (!depth) return InvalidContext;
    void* top = bound[--depth];
    if (context) *context = top;
    return Success;
}

EXPORT CUresult cuCtxGetDevice(int* device) {
    ENTER;
    *device = 0;
    return Success;
}

EXPORT CUresult cuCtxSetLimit(int, size_t) { ENTER; return Success; }
EXPORT CUresult cuCtxGetLimit(size_t* value, int) { ENTER; *value = 0; return Success; }
EXPORT CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    ENTER;
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return Success;
}

EXPORT CUresult cuCtxSynchronize() {
    ENTER;
    if (CUresult error = synchronizing("cuCtxSynchronize")) return error;
    CUresult error = drain_all();
    return error ? error : sticky_error;
}
