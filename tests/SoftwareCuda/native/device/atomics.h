#pragma once
namespace sw {
template <unsigned N> struct bits_of;
template <> struct bits_of<2> { typedef unsigned short type; };
template <> struct bits_of<4> { typedef unsigned type; };
template <> struct bits_of<8> { typedef unsigned long long type; };

template <class T, class F> SW_OWN T change(T* p, F f) {
    if (sw_checking) sw_note_access(p, sizeof(T), SwAtomic);
    if ((uintptr_t)p % sizeof(T)) sw_fault(716, "misaligned atomic at %p", (void*)p);
    typedef typename bits_of<sizeof(T)>::type U;
    U* place = (U*)p;
    U old = __atomic_load_n(place, __ATOMIC_RELAXED);
    for (;;) {
        T value = sw_bits<T>(old);
        if (__atomic_compare_exchange_n(place, &old, sw_bits<U>((T)f(value)), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) return value;
    }
}
}
#define SW_ATOMICS(T) \
    static inline T atomicAdd(T* p, T v) { return sw::change(p, [v](T old) { return (T)(old + v); }); } \
    static inline T atomicMax(T* p, T v) { return sw::change(p, [v](T old) { return old > v ? old : v; }); } \
    static inline T atomicMin(T* p, T v) { return sw::change(p, [v](T old) { return old < v ? old : v; }); } \
    static inline T atomicExch(T* p, T v) { return sw::change(p, [v](T) { return v; }); } \
    static inline T atomicCAS(T* p, T expected, T v) { return sw::change(p, [=](T old) { return old == expected ? v : old; }); }
SW_ATOMICS(int) SW_ATOMICS(unsigned) SW_ATOMICS(unsigned long long) SW_ATOMICS(float) SW_ATOMICS(double)
static inline unsigned atomicOr(unsigned* p, unsigned v) { return sw::change(p, [v](unsigned old) { return old | v; }); }
static inline unsigned atomicAnd(unsigned* p, unsigned v) { return sw::change(p, [v](unsigned old) { return old & v; }); }
static inline unsigned atomicInc(unsigned* p, unsigned v) { return sw::change(p, [v](unsigned old) { return old >= v ? 0u : old + 1; }); }
