// Inline PTX, one instruction a function: tensor-core products, matrix loads from shared memory, asynchronous copies (sm_80 and later).
// Nothing else in the sections holds asm. Fragment layouts are those of the PTX ISA manual, sections on mma.m16n8k16 and ldmatrix.

// The offset of an address in shared memory, as instructions with a .shared operand take it.
DEVICE u32 shared_address(const void* pointer) { return (u32)__cvta_generic_to_shared(pointer); }

// d += a b: a [16, 16] bf16 row-major, b [16, 8] bf16 column-major, d [16, 8] fp32. With group = lane / 4 and pair = lane % 4 a lane holds
//   a[0] = A[group][2 pair..], a[1] = A[group + 8][2 pair..], a[2] = A[group][2 pair + 8..], a[3] = A[group + 8][2 pair + 8..],
//   b[0] = B[2 pair..][group], b[1] = B[2 pair + 8..][group],
//   d[0..1] = D[group][2 pair..], d[2..3] = D[group + 8][2 pair..]; the lower half of a word is the lower index.
DEVICE void mma_m16n8k16_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8x8 matrices of 16-bit elements: lane 8 i + r gives the address of row r of matrix i (16 bytes, aligned); r[i] receives the two
// elements of row lane / 4 from column 2 (lane % 4).
DEVICE void ldmatrix_x4(u32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// As ldmatrix_x4 with every matrix transposed: r[i] receives the elements of column lane / 4 from row 2 (lane % 4).
DEVICE void ldmatrix_x4_transposed(u32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// Starts a copy of 16 bytes from global to shared memory past L1; both addresses are multiples of 16. With present = false nothing is
// read and the 16 bytes become zero; the source must be a valid address all the same.
DEVICE void cp_async16(void* destination, const void* source, bool present) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n"
        :: "r"(shared_address(destination)), "l"(source), "r"(present ? 16 : 0) : "memory");
}

// Closes the group of this thread's copies started since the last commit.
DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }

// Waits until at most PENDING of this thread's groups are under way; a barrier must follow before other threads read.
template <int PENDING> DEVICE void cp_async_wait() { asm volatile("cp.async.wait_group %0;\n" :: "n"(PENDING) : "memory"); }

// 2^x within 2 units of the last place; results below the smallest normal number are zero.
DEVICE float exp2_approximate(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
    return y;
}

// Two floats rounded to the nearest bf16 in one word, the first in the lower half.
DEVICE u32 pack_bf16x2(float low, float high) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}
