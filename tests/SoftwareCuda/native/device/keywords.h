#pragma once
// NVRTC knows none of math.h's macros: a kernel that uses one must not compile here either.
#undef INFINITY
#undef NAN
#undef HUGE_VAL
#undef HUGE_VALF
#undef M_PI
#undef M_PI_2
#undef M_E
#undef M_SQRT2
#undef M_SQRT1_2
#undef M_LN2
#undef M_LOG2E
#undef M_2_SQRTPI
#define __global__
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__
#define warpSize 32

/// Functions of the emulation itself must not be watched by the check build's hooks.
#ifdef SW_CHECK
#define SW_OWN __attribute__((noinline, no_sanitize("thread"), no_sanitize("undefined")))
#else
#define SW_OWN inline
#endif

/// Source line of the caller, as a last parameter.
#define SW_LINE int line = __builtin_LINE()

#ifdef SW_CHECK
namespace sw {
SW_OWN SwIndex thread_index() { return sw_current->index; }
SW_OWN SwIndex block_index() { return sw_current->block_index; }
SW_OWN SwIndex block_shape() { return ((SwBlockShape*)sw_current->block)->block; }
SW_OWN SwIndex grid_shape() { return ((SwBlockShape*)sw_current->block)->grid; }
}
#define threadIdx (sw::thread_index())
#define blockIdx (sw::block_index())
#define blockDim (sw::block_shape())
#define gridDim (sw::grid_shape())
#else
#define threadIdx (sw_current->index)
#define blockIdx (sw_current->block_index)
#define blockDim (((SwBlockShape*)sw_current->block)->block)
#define gridDim (((SwBlockShape*)sw_current->block)->grid)
#endif
