#pragma once
/// Two barriers on one line are two sites: the count tells them apart.
#define __syncthreads() sw_barrier(0, 0, (__COUNTER__ << 16) | __LINE__)
static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block() {}
enum { SwSync = 1, SwShuffle, SwBallot, SwMma = 16, SwLoadMatrix = 32 };
static inline void __syncwarp(unsigned mask = 0xffffffffu, SW_LINE) { sw_collective(mask, SwSync, line, nullptr); }
