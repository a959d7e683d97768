// Tensor-core instructions, by the fragment layouts of the PTX manual ("Matrix Fragments for mma.m16n8k16" and its siblings), and ldmatrix.
#pragma once
namespace sw { namespace ptx {

/// Group (lane / 4) and thread in group (lane % 4): rows and columns of every fragment derive from them.
struct MmaIn { unsigned a[4], b[2]; float c[4]; };

/// D[16,8] = A[16,K] B[K,8] + C over float copies, k ascending.
template <int K> SW_OWN void mma_product(SwWarp* w, const float (*A)[K], const float (*B)[8]) {
    alignas(64) float C[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const float* c = ((MmaIn*)w->in[lane])->c;
        int g = lane >> 2, t = lane & 3;
        C[g][2 * t] = c[0];
        C[g][2 * t + 1] = c[1];
        C[g + 8][2 * t] = c[2];
        C[g + 8][2 * t + 1] = c[3];
    }
    for (int m = 0; m < 16; m++)
        for (int k = 0; k < K; k++)
            for (int n = 0; n < 8; n++) C[m][n] += A[m][k] * B[k][n];
    for (int lane = 0; lane < 32; lane++) {
        float* d = (float*)w->out[lane];
        int g = lane >> 2, t = lane & 3;
        d[0] = C[g][2 * t];
        d[1] = C[g][2 * t + 1];
        d[2] = C[g + 8][2 * t];
        d[3] = C[g + 8][2 * t + 1];
    }
}

/// 16-bit operands, two to a register; K = 16 has four registers of A and two of B, K = 8 half of that.
template <float (*Convert)(unsigned short), int K> SW_OWN void mma_all_16bit(SwWarp* w, unsigned mask, int line) {
    if (mask != 0xffffffffu) sw_fault(719, "line %d: mma needs all 32 lanes", line);
    alignas(64) float A[16][K], B[K][8];
    for (int lane = 0; lane < 32; lane++) {
        MmaIn* in = (MmaIn*)w->in[lane];
        int g = lane >> 2, t = lane & 3;
        for (int r = 0; r < K / 4; r++) {
            int row = g + (r & 1) * 8, column = t * 2 + (r >> 1) * 8;
            A[row][column] = Convert(in->a[r] & 0xffff);
            A[row][column + 1] = Convert(in->a[r] >> 16);
        }
        for (int r = 0; r < K / 8; r++) {
            int row = t * 2 + r * 8;
            B[row][g] = Convert(in->b[r] & 0xffff);
            B[row + 1][g] = Convert(in->b[r] >> 16);
        }
    }
    mma_product<K>(w, A, B);
}

/// tf32 operands, one to a register.
template <int K> SW_OWN void mma_all_tf32(SwWarp* w, unsigned mask, int line) {
    if (mask != 0xffffffffu) sw_fault(719, "line %d: mma needs all 32 lanes", line);
    alignas(64) float A[16][K], B[K][8];
    for (int lane = 0; lane < 32; lane++) {
        MmaIn* in = (MmaIn*)w->in[lane];
        int g = lane >> 2, t = lane & 3;
        for (int r = 0; r < K / 2; r++) A[g + (r & 1) * 8][t + (r >> 1) * 4] = sw_from_tf32(in->a[r]);
        for (int r = 0; r < K / 4; r++) B[t + r * 4][g] = sw_from_tf32(in->b[r]);
    }
    mma_product<K>(w, A, B);
}

SW_OWN void mma(float& d0, float& d1, float& d2, float& d3, MmaIn in, SwAction action, int line) {
    SwThread* t = sw_current;
    *(MmaIn*)t->warp->in[t->lane] = in;
    sw_collective(0xffffffffu, SwMma, line, action);
    const float* d = (const float*)t->warp->out[t->lane];
    d0 = d[0];
    d1 = d[1];
    d2 = d[2];
    d3 = d[3];
}

#define SW_MMA_4_2(name, action) \
    static inline void name(float& d0, float& d1, float& d2, float& d3, unsigned a0, unsigned a1, unsigned a2, unsigned a3, unsigned b0, \
                            unsigned b1, float c0, float c1, float c2, float c3, SW_LINE) { \
        mma(d0, d1, d2, d3, {{a0, a1, a2, a3}, {b0, b1}, {c0, c1, c2, c3}}, action, line); }
#define SW_MMA_2_1(name, action) \
    static inline void name(float& d0, float& d1, float& d2, float& d3, unsigned a0, unsigned a1, unsigned b0, float c0, float c1, \
                            float c2, float c3, SW_LINE) { \
        mma(d0, d1, d2, d3, {{a0, a1, 0, 0}, {b0, 0}, {c0, c1, c2, c3}}, action, line); }
SW_MMA_4_2(mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32, (mma_all_16bit<sw_from_bf16, 16>))
SW_MMA_4_2(mma_sync_aligned_m16n8k16_row_col_f32_f16_f16_f32, (mma_all_16bit<sw_from_half, 16>))
SW_MMA_4_2(mma_sync_aligned_m16n8k8_row_col_f32_tf32_tf32_f32, (mma_all_tf32<8>))
SW_MMA_2_1(mma_sync_aligned_m16n8k8_row_col_f32_bf16_bf16_f32, (mma_all_16bit<sw_from_bf16, 8>))
SW_MMA_2_1(mma_sync_aligned_m16n8k4_row_col_f32_tf32_tf32_f32, (mma_all_tf32<4>))

/// Lane 8 m + r gives the address of row r of matrix m; lane l receives elements 2 (l % 4) and the next of row l / 4.
template <int Matrices, bool Transposed> SW_OWN void load_matrices(SwWarp* w, unsigned mask, int line) {
    if (mask != 0xffffffffu) sw_fault(719, "line %d: ldmatrix needs all 32 lanes", line);
    for (int m = 0; m < Matrices; m++)
        for (int r = 0; r < 8; r++) {
            const unsigned short* row = *(const unsigned short**)w->in[m * 8 + r];
            if ((uintptr_t)row % 16) sw_fault(716, "line %d: ldmatrix: misaligned row address of lane %d, not a multiple of 16", line, m * 8 + r);
            if (sw_checking) sw_note_access(row, 16, SwRead);
            if (!Transposed)
                for (int t = 0; t < 4; t++) ((unsigned*)w->out[r * 4 + t])[m] = row[2 * t] | (unsigned)row[2 * t + 1] << 16;
            else
                for (int c = 0; c < 8; c++) ((unsigned short*)w->out[c * 4 + r / 2])[m * 2 + (r & 1)] = row[c];
        }
}

template <int Matrices, bool Transposed> SW_OWN void ldmatrix(unsigned* registers, const void* row, int line) {
    SwThread* t = sw_current;
    *(const void**)t->warp->in[t->lane] = row;
    sw_collective(0xffffffffu, SwLoadMatrix + Matrices * 2 + Transposed, line, load_matrices<Matrices, Transposed>);
    __builtin_memcpy(registers, t->warp->out[t->lane], Matrices * 4);
}

#define SW_LDMATRIX(suffix, transposed) \
    static inline void ldmatrix_sync_aligned_m8n8_x4##suffix(unsigned& a, unsigned& b, unsigned& c, unsigned& d, const void* p, SW_LINE) { \
        unsigned r[4]; ldmatrix<4, transposed>(r, p, line); a = r[0]; b = r[1]; c = r[2]; d = r[3]; } \
    static inline void ldmatrix_sync_aligned_m8n8_x2##suffix(unsigned& a, unsigned& b, const void* p, SW_LINE) { \
        unsigned r[2]; ldmatrix<2, transposed>(r, p, line); a = r[0]; b = r[1]; } \
    static inline void ldmatrix_sync_aligned_m8n8_x1##suffix(unsigned& a, const void* p, SW_LINE) { \
        unsigned r[1]; ldmatrix<1, transposed>(r, p, line); a = r[0]; }
SW_LDMATRIX(_shared_b16, false)
SW_LDMATRIX(_trans_shared_b16, true)
} }
