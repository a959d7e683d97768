#pragma once
namespace sw {
template <class X> using same = X;
template <class X> SW_OWN X& shared_variable(SwSlot* slot, const char* name) { return *(X*)sw_shared_static(slot, sizeof(X), name); }
}
/// An address in shared memory is an offset into the block's arena.
static inline size_t __cvta_generic_to_shared(const void* p) { return (size_t)((const char*)p - sw_shared_base()); }
namespace sw { namespace ptx {
template <class P> static inline void* shared_address(P a) { return sw_shared_base() + (uint32_t)(uint64_t)a; }
template <class P> static inline void* global_address(P a) { return (void*)(uintptr_t)a; }
} }
