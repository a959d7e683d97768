// Instructions of one thread. The table of what is here is also the table of what kernels.cu may use.
#pragma once
namespace sw { namespace ptx {
static inline void ex2_approx_ftz_f32(float& d, float a) { d = exp2f(a); }
static inline void ex2_approx_f32(float& d, float a) { d = exp2f(a); }
static inline void lg2_approx_ftz_f32(float& d, float a) { d = log2f(a); }
static inline void lg2_approx_f32(float& d, float a) { d = log2f(a); }
static inline void tanh_approx_f32(float& d, float a) { d = tanhf(a); }
static inline void rsqrt_approx_ftz_f32(float& d, float a) { d = 1.0f / sqrtf(a); }
static inline void rsqrt_approx_f32(float& d, float a) { d = 1.0f / sqrtf(a); }
static inline void rcp_approx_ftz_f32(float& d, float a) { d = 1.0f / a; }
static inline void rcp_approx_f32(float& d, float a) { d = 1.0f / a; }
static inline void cvt_rn_bf16_f32(unsigned short& d, float a) { d = sw_to_bf16(a); }
static inline void cvt_rn_bf16x2_f32(unsigned& d, float high, float low) { d = (unsigned)sw_to_bf16(high) << 16 | sw_to_bf16(low); }
static inline void cvt_rn_f16_f32(unsigned short& d, float a) { d = sw_to_half(a); }
static inline void cvt_f32_f16(float& d, unsigned short a) { d = sw_from_half(a); }
/// Nearest with ties away from zero, ten mantissa bits.
static inline void cvt_rna_tf32_f32(unsigned& d, float a) { d = (sw_bits<unsigned>(a) + 0x1000u) & 0xffffe000u; }
static inline void fma_rn_f32(float& d, float a, float b, float c) { d = fmaf(a, b, c); }
static inline void bar_sync(unsigned number, unsigned count = 0, SW_LINE) { sw_barrier(number, count, line); }
static inline void bar_arrive(unsigned number, unsigned count, SW_LINE) { sw_barrier(number | SwArrive, count, line); }
static inline void barrier_sync(unsigned number, unsigned count = 0, SW_LINE) { sw_barrier(number, count, line); }
static inline void prefetch_global_L2(const void*) {}
static inline void prefetch_global_L1(const void*) {}
} }
