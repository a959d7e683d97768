// One warp through each emulated instruction. Fragments are filled and emptied by the formulas of the PTX manual, written out here once more.
typedef unsigned u32;
typedef unsigned short u16;

__device__ u32 pair(const u16* m, int i) { return (u32)m[i] | (u32)m[i + 1] << 16; }

// A [16, 16] row-major, B [8, 16]: its columns, D [16, 8].
extern "C" __global__ void mma_bf16(const u16* A, const u16* B, float* D) {
    int group = threadIdx.x / 4, pairs = threadIdx.x % 4;
    u32 a0 = pair(A, group * 16 + pairs * 2), a1 = pair(A, (group + 8) * 16 + pairs * 2);
    u32 a2 = pair(A, group * 16 + pairs * 2 + 8), a3 = pair(A, (group + 8) * 16 + pairs * 2 + 8);
    u32 b0 = pair(B, group * 16 + pairs * 2), b1 = pair(B, group * 16 + pairs * 2 + 8);
    float d0 = D[group * 8 + pairs * 2], d1 = D[group * 8 + pairs * 2 + 1], d2 = D[(group + 8) * 8 + pairs * 2], d3 = D[(group + 8) * 8 + pairs * 2 + 1];
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    D[group * 8 + pairs * 2] = d0;
    D[group * 8 + pairs * 2 + 1] = d1;
    D[(group + 8) * 8 + pairs * 2] = d2;
    D[(group + 8) * 8 + pairs * 2 + 1] = d3;
}

// A [16, 8] row-major, B [8, 8]: its columns, in tf32.
extern "C" __global__ void mma_tf32(const u32* A, const u32* B, float* D) {
    int group = threadIdx.x / 4, thread = threadIdx.x % 4;
    u32 a0 = A[group * 8 + thread], a1 = A[(group + 8) * 8 + thread], a2 = A[group * 8 + thread + 4], a3 = A[(group + 8) * 8 + thread + 4];
    u32 b0 = B[group * 8 + thread], b1 = B[group * 8 + thread + 4];
    float d0 = 0, d1 = 0, d2 = 0, d3 = 0;
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
    D[group * 8 + thread * 2] = d0;
    D[group * 8 + thread * 2 + 1] = d1;
    D[(group + 8) * 8 + thread * 2] = d2;
    D[(group + 8) * 8 + thread * 2 + 1] = d3;
}

// Four 8x8 matrices, one below the other, to every lane's four registers; plain, then transposed.
extern "C" __global__ void ldmatrix_both(const u16* m, u32* plain, u32* transposed) {
    __shared__ __align__(16) u16 s[4 * 8 * 8];
    int lane = threadIdx.x;
    for (int i = lane; i < 256; i += 32) s[i] = m[i];
    __syncwarp();
    u32 row = (u32)__cvta_generic_to_shared(s + lane * 8), r[4];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(row));
    for (int i = 0; i < 4; i++) plain[lane * 4 + i] = r[i];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(row));
    for (int i = 0; i < 4; i++) transposed[lane * 4 + i] = r[i];
}

// Two groups in flight: after wait_group 1 the first has arrived; a short source is filled up with zeros.
extern "C" __global__ void copy_groups(const float* x, float* y) {
    __shared__ __align__(16) float s[3 * 4 * 32];
    int lane = threadIdx.x;
    u32 first = (u32)__cvta_generic_to_shared(s + lane * 4), second = first + 512, third = second + 512;
    asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" :: "r"(first), "l"(x + lane * 4));
    asm volatile("cp.async.commit_group;");
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(second), "l"(x + lane * 4), "r"(4));
    asm volatile("cp.async.commit_group; cp.async.wait_group %0;" :: "n"(1));
    y[lane] = s[lane * 4 + 3];
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(third), "l"(x + lane * 4), "r"(0));
    asm volatile("cp.async.wait_all;");
    y[32 + lane] = s[128 + lane * 4] + s[128 + lane * 4 + 1];
    y[64 + lane] = s[256 + lane * 4];
}

// Warp 0 produces, warp 1 consumes, over named barriers 1 (full) and 2 (empty).
extern "C" __global__ void named_barriers(float* y, int rounds) {
    __shared__ float s[32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float sum = 0;
    for (int i = 0; i < rounds; i++) {
        if (warp == 0) {
            if (i > 0) asm volatile("bar.sync 2, 64;" ::: "memory");
            s[lane] = i + lane;
            asm volatile("bar.arrive 1, 64;" ::: "memory");
        } else {
            asm volatile("bar.sync 1, 64;" ::: "memory");
            sum += s[lane];
            if (i + 1 < rounds) asm volatile("bar.arrive 2, 64;" ::: "memory");
        }
    }
    if (warp == 1) y[lane] = sum;
}

extern "C" __global__ void warp_functions(float* shuffled, u32* votes) {
    int lane = threadIdx.x;
    float v = lane;
    shuffled[lane] = __shfl_xor_sync(0xffffffffu, v, 5);
    shuffled[32 + lane] = __shfl_down_sync(0xffffffffu, v, 3);
    shuffled[64 + lane] = __shfl_up_sync(0xffffffffu, v, 3);
    shuffled[96 + lane] = __shfl_sync(0xffffffffu, v, 9, 8);
    votes[lane] = __ballot_sync(0xffffffffu, lane % 3 == 0);
}
