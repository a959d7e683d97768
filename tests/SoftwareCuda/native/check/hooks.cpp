// The functions that -fsanitize=thread and -fsanitize=alignment,bounds,shift,integer-divide-by-zero make GCC call.
#include "check.h"
#include "../runtime/exports.h"
#include "../runtime/memory.h"

void* last_access;

static inline void note(const void* address, unsigned bytes, SwAccess access, void* from) {
    last_access = from;
    sw_note_access(address, bytes, access);
}

#define HOOK(name, bytes, access) \
    EXPORT void name(void* p) { note(p, bytes, access, __builtin_return_address(0)); }
#define HOOKS(bytes) \
    HOOK(__tsan_read##bytes, bytes, SwRead) HOOK(__tsan_write##bytes, bytes, SwWrite) \
    HOOK(__tsan_unaligned_read##bytes, bytes, SwRead) HOOK(__tsan_unaligned_write##bytes, bytes, SwWrite) \
    HOOK(__tsan_volatile_read##bytes, bytes, SwRead) HOOK(__tsan_volatile_write##bytes, bytes, SwWrite) \
    HOOK(__tsan_unaligned_volatile_read##bytes, bytes, SwRead) HOOK(__tsan_unaligned_volatile_write##bytes, bytes, SwWrite)
HOOKS(1) HOOKS(2) HOOKS(4) HOOKS(8) HOOKS(16)

EXPORT void __tsan_read_range(void* p, size_t bytes) { note(p, (unsigned)bytes, SwRead, __builtin_return_address(0)); }
EXPORT void __tsan_write_range(void* p, size_t bytes) { note(p, (unsigned)bytes, SwWrite, __builtin_return_address(0)); }
EXPORT void __tsan_init() {}
EXPORT void __tsan_func_entry(void*) {}
EXPORT void __tsan_func_exit() {}
EXPORT void __tsan_vptr_update(void*, void*) {}
EXPORT void __tsan_vptr_read(void*) {}

/// -fsanitize=thread turns calls of memcpy, memmove and memset that stay calls into these.
EXPORT void* __tsan_memcpy(void* to, const void* from, size_t n) {
    note(from, (unsigned)n, SwRead, __builtin_return_address(0));
    note(to, (unsigned)n, SwWrite, __builtin_return_address(0));
    return __builtin_memcpy(to, from, n);
}
EXPORT void* __tsan_memset(void* to, int value, size_t n) {
    note(to, (unsigned)n, SwWrite, __builtin_return_address(0));
    return __builtin_memset(to, value, n);
}

struct SourceLocation { const char* file; unsigned line, column; };

static const char* base_name(const char* file) {
    const char* slash = __builtin_strrchr(file, '/');
    return slash ? slash + 1 : file;
}

/// Data: location, type, log2 of the alignment.
EXPORT void __ubsan_handle_type_mismatch_v1(void* data, uintptr_t address) {
    auto at = (SourceLocation*)data;
    unsigned alignment = 1u << *((unsigned char*)data + sizeof(SourceLocation) + sizeof(void*));
    last_access = nullptr;
    if (!address) sw_fault(700, "%s:%u: null pointer", base_name(at->file), at->line);
    if (address % alignment)
        sw_fault(716, "%s:%u: misaligned access: 0x%llx is not a multiple of %u", base_name(at->file), at->line,
                 (unsigned long long)address, alignment);
}

#define LOCATED(name, error, parameters, ...) \
    EXPORT void name parameters { auto at = (SourceLocation*)data; last_access = nullptr; sw_fault(error, __VA_ARGS__); }
LOCATED(__ubsan_handle_out_of_bounds, 700, (void* data, uintptr_t index),
    "%s:%u: index %lld outside the array", base_name(at->file), at->line, (long long)index)
LOCATED(__ubsan_handle_shift_out_of_bounds, 719, (void* data, uintptr_t, uintptr_t by),
    "%s:%u: shift by %lld", base_name(at->file), at->line, (long long)by)
LOCATED(__ubsan_handle_divrem_overflow, 719, (void* data, uintptr_t, uintptr_t),
    "%s:%u: division by zero or overflow", base_name(at->file), at->line)
