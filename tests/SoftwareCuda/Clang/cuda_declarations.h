// What clang needs in place of a toolkit to compile kernels.cu for the device only: keywords as attributes, special registers, intrinsics.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))
#define DEVICE_FUNCTION static __inline__ __attribute__((always_inline, device))

typedef __SIZE_TYPE__ size_t;
struct dim3 { unsigned x, y, z; };

#define SPECIAL_REGISTER(NAME, TYPE, REGISTER) \
    struct TYPE { \
        __declspec(property(get = get_x)) unsigned x; \
        __declspec(property(get = get_y)) unsigned y; \
        __declspec(property(get = get_z)) unsigned z; \
        __device__ unsigned get_x() const { return __nvvm_read_ptx_sreg_##REGISTER##_x(); } \
        __device__ unsigned get_y() const { return __nvvm_read_ptx_sreg_##REGISTER##_y(); } \
        __device__ unsigned get_z() const { return __nvvm_read_ptx_sreg_##REGISTER##_z(); } \
    }; \
    extern const __device__ TYPE NAME;
SPECIAL_REGISTER(threadIdx, ThreadIndex, tid)
SPECIAL_REGISTER(blockIdx, BlockIndex, ctaid)
SPECIAL_REGISTER(blockDim, BlockShape, ntid)
SPECIAL_REGISTER(gridDim, GridShape, nctaid)

#define VECTORS(T, N) \
    struct __attribute__((aligned(2 * sizeof(T)))) N##2 { T x, y; }; \
    struct __attribute__((aligned(4 * sizeof(T)))) N##4 { T x, y, z, w; }; \
    DEVICE_FUNCTION N##2 make_##N##2(T a, T b) { return {a, b}; } \
    DEVICE_FUNCTION N##4 make_##N##4(T a, T b, T c, T d) { return {a, b, c, d}; }
VECTORS(float, float) VECTORS(int, int) VECTORS(unsigned, uint)

// __syncthreads is clang's own.
DEVICE_FUNCTION void __syncwarp(unsigned mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
#define SHUFFLES(T, S) \
    DEVICE_FUNCTION T __shfl_sync(unsigned m, T v, int lane, int width = 32) { return __nvvm_shfl_sync_idx_##S(m, v, lane, ((32 - width) << 8) | 31); } \
    DEVICE_FUNCTION T __shfl_xor_sync(unsigned m, T v, int with, int width = 32) { return __nvvm_shfl_sync_bfly_##S(m, v, with, ((32 - width) << 8) | 31); } \
    DEVICE_FUNCTION T __shfl_down_sync(unsigned m, T v, unsigned by, int width = 32) { return __nvvm_shfl_sync_down_##S(m, v, by, ((32 - width) << 8) | 31); } \
    DEVICE_FUNCTION T __shfl_up_sync(unsigned m, T v, unsigned by, int width = 32) { return __nvvm_shfl_sync_up_##S(m, v, by, (32 - width) << 8); }
SHUFFLES(float, f32) SHUFFLES(int, i32)
DEVICE_FUNCTION unsigned __shfl_sync(unsigned m, unsigned v, int lane) { return (unsigned)__shfl_sync(m, (int)v, lane); }
DEVICE_FUNCTION unsigned __shfl_xor_sync(unsigned m, unsigned v, int with) { return (unsigned)__shfl_xor_sync(m, (int)v, with); }
DEVICE_FUNCTION double __shfl_xor_sync(unsigned m, double v, int with) {
    union { double value; int half[2]; } u = {v};
    u.half[0] = __shfl_xor_sync(m, u.half[0], with);
    u.half[1] = __shfl_xor_sync(m, u.half[1], with);
    return u.value;
}
DEVICE_FUNCTION unsigned __ballot_sync(unsigned m, int p) { return __nvvm_vote_ballot_sync(m, p); }
DEVICE_FUNCTION int __any_sync(unsigned m, int p) { return __nvvm_vote_any_sync(m, p); }
DEVICE_FUNCTION int __all_sync(unsigned m, int p) { return __nvvm_vote_all_sync(m, p); }

DEVICE_FUNCTION float __uint_as_float(unsigned u) { return __builtin_bit_cast(float, u); }
DEVICE_FUNCTION unsigned __float_as_uint(float f) { return __builtin_bit_cast(unsigned, f); }
DEVICE_FUNCTION float __int_as_float(int u) { return __builtin_bit_cast(float, u); }
DEVICE_FUNCTION int __float_as_int(float f) { return __builtin_bit_cast(int, f); }
DEVICE_FUNCTION unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
template <class T> DEVICE_FUNCTION T __ldg(const T* p) { return *p; }
DEVICE_FUNCTION int atomicAdd(int* p, int v) { return __nvvm_atom_add_gen_i(p, v); }
DEVICE_FUNCTION size_t __cvta_generic_to_shared(const void* p) { return (size_t)(__attribute__((address_space(3))) const void*)p; }

DEVICE_FUNCTION float __fadd_rn(float a, float b) { return __nvvm_add_rn_f(a, b); }
DEVICE_FUNCTION float __fsub_rn(float a, float b) { return __nvvm_add_rn_f(a, -b); }
DEVICE_FUNCTION float __fmul_rn(float a, float b) { return __nvvm_mul_rn_f(a, b); }
DEVICE_FUNCTION float __fdiv_rn(float a, float b) { return __nvvm_div_rn_f(a, b); }
DEVICE_FUNCTION float __fsqrt_rn(float a) { return __nvvm_sqrt_rn_f(a); }
DEVICE_FUNCTION float __fmaf_rn(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
DEVICE_FUNCTION double __dadd_rn(double a, double b) { return __nvvm_add_rn_d(a, b); }
DEVICE_FUNCTION double __dsub_rn(double a, double b) { return __nvvm_add_rn_d(a, -b); }
DEVICE_FUNCTION double __dmul_rn(double a, double b) { return __nvvm_mul_rn_d(a, b); }
DEVICE_FUNCTION double __ddiv_rn(double a, double b) { return __nvvm_div_rn_d(a, b); }
DEVICE_FUNCTION double __dsqrt_rn(double a) { return __nvvm_sqrt_rn_d(a); }
DEVICE_FUNCTION double __fma_rn(double a, double b, double c) { return __nvvm_fma_rn_d(a, b, c); }
DEVICE_FUNCTION double __longlong_as_double(long long u) { return __builtin_bit_cast(double, u); }
DEVICE_FUNCTION long long __double_as_longlong(double f) { return __builtin_bit_cast(long long, f); }
DEVICE_FUNCTION int __double2int_rn(double a) { return __nvvm_d2i_rn(a); }
DEVICE_FUNCTION int __float2int_rn(float a) { return __nvvm_f2i_rn(a); }
DEVICE_FUNCTION float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
DEVICE_FUNCTION double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
DEVICE_FUNCTION float rsqrtf(float x) { return __nvvm_rsqrt_approx_f(x); }
DEVICE_FUNCTION float fmaxf(float a, float b) { return __nvvm_fmax_f(a, b); }
DEVICE_FUNCTION float fminf(float a, float b) { return __nvvm_fmin_f(a, b); }
DEVICE_FUNCTION float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE_FUNCTION float fabsf(float a) { return __builtin_fabsf(a); }
DEVICE_FUNCTION float floorf(float a) { return __builtin_floorf(a); }
DEVICE_FUNCTION float ceilf(float a) { return __builtin_ceilf(a); }
DEVICE_FUNCTION float rintf(float a) { return __builtin_rintf(a); }
DEVICE_FUNCTION float truncf(float a) { return __builtin_truncf(a); }
DEVICE_FUNCTION float copysignf(float a, float b) { return __builtin_copysignf(a, b); }
DEVICE_FUNCTION double fma(double a, double b, double c) { return __nvvm_fma_rn_d(a, b, c); }
DEVICE_FUNCTION double fabs(double a) { return __builtin_fabs(a); }
DEVICE_FUNCTION double floor(double a) { return __builtin_floor(a); }
DEVICE_FUNCTION double ceil(double a) { return __builtin_ceil(a); }
DEVICE_FUNCTION double rint(double a) { return __builtin_rint(a); }
DEVICE_FUNCTION double trunc(double a) { return __builtin_trunc(a); }
DEVICE_FUNCTION double fmax(double a, double b) { return __nvvm_fmax_d(a, b); }
DEVICE_FUNCTION double fmin(double a, double b) { return __nvvm_fmin_d(a, b); }
DEVICE_FUNCTION int min(int a, int b) { return a < b ? a : b; }
DEVICE_FUNCTION int max(int a, int b) { return a > b ? a : b; }

// The library of these is linked by NVRTC; here they stay names.
extern "C" __device__ float expf(float);
extern "C" __device__ float exp2f(float);
extern "C" __device__ float expm1f(float);
extern "C" __device__ float logf(float);
extern "C" __device__ float log1pf(float);
extern "C" __device__ float log2f(float);
extern "C" __device__ float tanhf(float);
extern "C" __device__ float erff(float);
extern "C" __device__ float powf(float, float);
extern "C" __device__ float sinf(float);
extern "C" __device__ float cosf(float);
extern "C" __device__ float erfcf(float);
extern "C" __device__ float fmodf(float, float);
extern "C" __device__ double exp(double);
extern "C" __device__ double pow(double, double);
extern "C" __device__ double sin(double);
extern "C" __device__ double cos(double);
extern "C" __device__ double log(double);
DEVICE_FUNCTION bool isnan(float a) { return a != a; }
DEVICE_FUNCTION bool isinf(float a) { return __builtin_isinf(a); }
DEVICE_FUNCTION bool isfinite(float a) { return __builtin_isfinite(a); }
