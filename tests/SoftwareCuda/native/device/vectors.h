#pragma once
#define SW_VECTORS(T, N) \
    struct alignas(2 * sizeof(T)) N##2 { T x, y; }; \
    struct N##3 { T x, y, z; }; \
    struct alignas(sizeof(T) * 4 > 16 ? 16 : sizeof(T) * 4) N##4 { T x, y, z, w; }; \
    static inline N##2 make_##N##2(T x, T y) { return {x, y}; } \
    static inline N##3 make_##N##3(T x, T y, T z) { return {x, y, z}; } \
    static inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
SW_VECTORS(float, float) SW_VECTORS(double, double) SW_VECTORS(int, int) SW_VECTORS(unsigned, uint) SW_VECTORS(short, short)
SW_VECTORS(unsigned short, ushort) SW_VECTORS(signed char, char) SW_VECTORS(unsigned char, uchar) SW_VECTORS(long long, longlong)
SW_VECTORS(unsigned long long, ulonglong)
struct uint1 { unsigned x; };
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
