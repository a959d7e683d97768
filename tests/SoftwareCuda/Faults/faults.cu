// One planted fault a kernel. Each is named after what is wrong with it; PlantedFault.cs says how it is launched.

// ---- Addresses ----
extern "C" __global__ void write_past_end(float* x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i <= n) x[i] = 1.0f; }
extern "C" __global__ void write_before_start(float* x) { if (threadIdx.x == 0) x[-1] = 1.0f; }
extern "C" __global__ void read_past_end(const float* x, float* y, int n) { int i = threadIdx.x; if (i < n) y[i] = x[i + 64]; }
extern "C" __global__ void write_far(float* x) { x[threadIdx.x + (1 << 20)] = 0; }
extern "C" __global__ void write_through(float** cell) { cell[0][threadIdx.x] = 1; }
extern "C" __global__ void write_first(float* y) { y[threadIdx.x] = 1; }
extern "C" __global__ void misaligned_vector(float* y, const float* x) { float4 v = *(const float4*)(x + 1); y[threadIdx.x] = v.x + v.w; }
extern "C" __global__ void stack_overflow(float* y) {
    float big[20000];
    for (int i = 0; i < 20000; i++) big[i] = y[0] + i;
    y[threadIdx.x] = big[(int)y[1]];
}
extern "C" __global__ void divide_by_zero(int* y, int a) { y[threadIdx.x] = 10 / a; }

// ---- Never written ----
extern "C" __global__ void read_unwritten(const float* x, float* y, int n) { int i = threadIdx.x; if (i < n) y[i] = x[i] + 1; }
extern "C" __global__ void read_unwritten_shared(float* y) {
    __shared__ float s[64];
    if (threadIdx.x < 32) s[threadIdx.x] = 1;
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x];
}

// ---- Shared memory ----
extern "C" __global__ void shared_past_end(float* y) {
    __shared__ float s[32];
    s[threadIdx.x] = threadIdx.x;
    __syncthreads();
    y[threadIdx.x] = s[0];
}
extern "C" __global__ void dynamic_past_end(float* y, int n) {
    extern __shared__ float d[];
    for (int i = threadIdx.x; i < n; i += blockDim.x) d[i] = i;
    __syncthreads();
    y[threadIdx.x] = d[0];
}

// ---- Barriers ----
extern "C" __global__ void divergent_barrier(float* y) {
    if (threadIdx.x < 16) {
        y[threadIdx.x] = 1;
        __syncthreads();
    } else {
        y[threadIdx.x] = 2;
        __syncthreads();
    }
}
extern "C" __global__ void barrier_in_branch(float* y) {
    __shared__ float s[64];
    s[threadIdx.x] = 1;
    if (threadIdx.x & 1) __syncthreads();
    else __syncwarp();
    y[threadIdx.x] = s[0];
}
extern "C" __global__ void shuffle_in_branch(float* y) {
    float v = threadIdx.x;
    if (threadIdx.x < 16) v += __shfl_xor_sync(0xffffffffu, v, 1);
    y[threadIdx.x] = v;
}
extern "C" __global__ void shuffle_with_exited(float* y, int n) {
    int i = threadIdx.x;
    if (i >= n) return;
    float v = i;
    v += __shfl_down_sync(0xffffffffu, v, 16);
    y[i] = v;
}

// ---- Races ----
extern "C" __global__ void missing_barrier(float* y, const float* x) {
    __shared__ float s[256];
    s[threadIdx.x] = 0;
    __syncthreads();
    s[threadIdx.x] = x[threadIdx.x];
    y[threadIdx.x] = s[255 - threadIdx.x];
}
extern "C" __global__ void missing_second_barrier(float* y, const float* x) {
    __shared__ float s[256];
    float sum = 0;
    for (int k = 0; k < 4; k++) {
        s[threadIdx.x] = x[threadIdx.x] + k;
        __syncthreads();
        sum += s[(threadIdx.x + 37) & 255];
    }
    y[threadIdx.x] = sum;
}
extern "C" __global__ void missing_warp_barrier(float* y, const float* x) {
    __shared__ float s[32];
    s[threadIdx.x] = 0;
    __syncwarp();
    s[threadIdx.x] = x[threadIdx.x];
    y[threadIdx.x] = s[threadIdx.x ^ 1];
}
extern "C" __global__ void race_between_blocks(float* sum, const float* x) { if (threadIdx.x == 0) sum[0] = sum[0] + x[blockIdx.x]; }

// ---- Asynchronous copies ----
extern "C" __global__ void copy_not_waited_for(float* y, const float* x) {
    __shared__ __align__(16) float s[128];
    unsigned to = (unsigned)__cvta_generic_to_shared(s + threadIdx.x * 4);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(to), "l"(x + threadIdx.x * 4));
    asm volatile("cp.async.commit_group;");
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x * 4];
    asm volatile("cp.async.wait_group 0;");
}
extern "C" __global__ void copy_left_in_flight(const float* x) {
    __shared__ __align__(16) float s[128];
    unsigned to = (unsigned)__cvta_generic_to_shared(s + threadIdx.x * 4);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(to), "l"(x + threadIdx.x * 4));
    asm volatile("cp.async.commit_group;");
}
extern "C" __global__ void copy_misaligned(const float* x) {
    __shared__ __align__(16) float s[128];
    unsigned to = (unsigned)__cvta_generic_to_shared(s + threadIdx.x * 4);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(to), "l"(x + threadIdx.x * 4 + 1));
    asm volatile("cp.async.wait_all;");
}

// ---- Nothing is wrong with these ----
extern "C" __global__ void __launch_bounds__(128) bounded(float* y) { y[threadIdx.x] = 1; }
extern "C" __global__ void sum_right(float* y, const float* x) {
    __shared__ float s[256];
    s[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    for (int half = 128; half > 0; half /= 2) {
        if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) y[blockIdx.x] = s[0];
}
