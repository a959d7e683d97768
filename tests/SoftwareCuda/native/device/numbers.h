// Bit casts, and bf16 and half as the emulated instructions need them. Kernels bring their own types.
#pragma once
template <class D, class S> static inline __attribute__((always_inline)) D sw_bits(S s) {
    static_assert(sizeof(D) == sizeof(S));
    D d;
    __builtin_memcpy(&d, &s, sizeof d);
    return d;
}
static inline float __uint_as_float(unsigned u) { return sw_bits<float>(u); }
static inline unsigned __float_as_uint(float f) { return sw_bits<unsigned>(f); }
static inline float __int_as_float(int u) { return sw_bits<float>(u); }
static inline int __float_as_int(float f) { return sw_bits<int>(f); }
static inline double __longlong_as_double(long long u) { return sw_bits<double>(u); }
static inline long long __double_as_longlong(double f) { return sw_bits<long long>(f); }

/// Round to nearest, ties to even; NaN becomes 0x7fff.
static inline unsigned short sw_to_bf16(float f) {
    unsigned u = sw_bits<unsigned>(f);
    if ((u & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (unsigned short)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
static inline float sw_from_bf16(unsigned short h) { return sw_bits<float>((unsigned)h << 16); }
static inline unsigned short sw_to_half(float f) { return sw_bits<unsigned short>((_Float16)f); }
static inline float sw_from_half(unsigned short h) { return (float)sw_bits<_Float16>(h); }
/// The ten mantissa bits that a tensor core reads of a tf32 operand.
static inline float sw_from_tf32(unsigned u) { return sw_bits<float>(u & 0xffffe000u); }
