// cublasLtMatmul: D = epilogue(alpha op(A) op(B) + beta C), strided batches, both orders.
#include "lt_objects.h"
#include <math.h>
#include <string.h>

struct Problem {
    LtDescriptor descriptor;
    LtLayout a, b, c, d;
    int64_t m, n, k;
};

static bool ld_is_valid(const LtLayout& l) { return l.leading >= (int64_t)(l.order ? l.columns : l.rows); }

static int read_problem(Problem& p, const void* descriptor, const void* a, const void* b, const void* c, const void* d) {
    p.descriptor = *(const LtDescriptor*)descriptor;
    p.a = *(const LtLayout*)a;
    p.b = *(const LtLayout*)b;
    p.c = *(const LtLayout*)c;
    p.d = *(const LtLayout*)d;
    bool ta = p.descriptor.transpose_a != 0, tb = p.descriptor.transpose_b != 0;
    p.m = (int64_t)p.d.rows;
    p.n = (int64_t)p.d.columns;
    p.k = (int64_t)(ta ? p.a.rows : p.a.columns);
    bool fits = (int64_t)(ta ? p.a.columns : p.a.rows) == p.m && (int64_t)(tb ? p.b.columns : p.b.rows) == p.k
             && (int64_t)(tb ? p.b.rows : p.b.columns) == p.n && p.c.rows == p.d.rows && p.c.columns == p.d.columns;
    if (!fits || !ld_is_valid(p.a) || !ld_is_valid(p.b) || !ld_is_valid(p.c) || !ld_is_valid(p.d)) {
        report("cublasLtMatmul: shapes do not fit: A %llux%llu B %llux%llu C %llux%llu D %llux%llu",
               (unsigned long long)p.a.rows, (unsigned long long)p.a.columns, (unsigned long long)p.b.rows, (unsigned long long)p.b.columns,
               (unsigned long long)p.c.rows, (unsigned long long)p.c.columns, (unsigned long long)p.d.rows, (unsigned long long)p.d.columns);
        return BlasInvalidValue;
    }
    if (!element_bytes(p.a.type) || !element_bytes(p.d.type) || p.a.type != p.b.type || p.c.type != p.d.type) return BlasNotSupported;
    if (p.a.type == Float32 && p.d.type != Float32) return BlasNotSupported;    // no such combination in the documented table
    if (p.a.batch != p.d.batch || p.b.batch != p.d.batch) return BlasInvalidValue;
    int known = EpilogueDefault | EpilogueRelu | EpilogueBias | EpilogueGelu | EpilogueAux;
    if (p.descriptor.epilogue & ~known) {
        report("cublasLtMatmul: epilogue %d is not emulated", p.descriptor.epilogue);
        return BlasNotSupported;
    }
    if (p.d.order && (p.descriptor.epilogue & EpilogueBias)) return BlasNotSupported;   // the bias is a column vector
    return BlasSuccess;
}

static Matrix matrix_of(const LtLayout& l, const void* data, int64_t batch) {
    return {(char*)data + batch * l.stride * (int64_t)element_bytes(l.type), l.type, (int64_t)l.rows, (int64_t)l.columns, l.leading, l.order == 1};
}

struct FinishOperands { Matrix c, d, bias, aux; float alpha, beta; };

template <class T> static T& element(const Matrix& matrix, int64_t row, int64_t column) { return ((T*)matrix.data)[matrix.at(row, column)]; }

/// Where D is plain float32 and only a bias is added: most products, in loops without a choice inside.
static void finish_plain(const Tile& tile, const FinishOperands& to, bool biased) {
    for (int64_t j = 0; j < tile.columns; j++)
        for (int64_t i = 0; i < tile.rows; i++) {
            int64_t row = tile.first_row + i, column = tile.first_column + j;
            float value = to.alpha * tile.value[j * TileRows + i];
            if (to.beta != 0) value += to.beta * element<float>(to.c, row, column);
            if (biased) value += ((const float*)to.bias.data)[row];
            element<float>(to.d, row, column) = value;
        }
}

/// Bias is added first, then the activation; the tanh form of GELU is the only one there is.
static void finish(const Tile& tile, const FinishOperands& to, int epilogue) {
    for (int64_t j = 0; j < tile.columns; j++)
        for (int64_t i = 0; i < tile.rows; i++) {
            int64_t row = tile.first_row + i, column = tile.first_column + j;
            float old = to.beta != 0 ? to.beta * load_element(to.c.data, to.c.at(row, column), to.c.type) : 0;
            float value = to.alpha * tile.value[j * TileRows + i] + old;
            if (epilogue & EpilogueBias) value += load_element(to.bias.data, (size_t)row, to.bias.type);
            if (epilogue & EpilogueAux) store_element(to.aux.data, to.aux.at(row, column), to.aux.type, value);
            if (epilogue & EpilogueRelu) value = value > 0 ? value : 0;
            if (epilogue & EpilogueGelu) value = 0.5f * value * (1 + tanhf(0.7978845608f * (value + 0.044715f * value * value * value)));
            store_element(to.d.data, to.d.at(row, column), to.d.type, value);
        }
}

static CUresult run_batch(const Problem& p, const Matrix& a, const Matrix& b, const Matrix& c, const Matrix& d, float alpha, float beta) {
    const char* call = "cublasLtMatmul";
    if (!operand_is_live(call, "A", a) || !operand_is_live(call, "B", b) || !operand_is_live(call, "D", d)) return IllegalAddress;
    if (!operand_is_written(call, "A", a) || !operand_is_written(call, "B", b)) return LaunchFailed;
    if (beta != 0 && (!operand_is_live(call, "C", c) || !operand_is_written(call, "C", c))) return IllegalAddress;
    int bias_type = p.descriptor.bias_type >= 0 ? p.descriptor.bias_type : p.d.type;
    Matrix bias{p.descriptor.bias, bias_type, p.m, 1, p.m};
    if ((p.descriptor.epilogue & EpilogueBias) && (!operand_is_live(call, "the bias", bias) || !operand_is_written(call, "the bias", bias)))
        return IllegalAddress;
    Matrix aux{p.descriptor.aux, p.d.type, p.m, p.n, p.descriptor.aux_leading};
    bool store_aux = p.descriptor.epilogue & EpilogueAux;
    if (store_aux && !operand_is_live(call, "the auxiliary output", aux)) return IllegalAddress;
    FinishOperands to{c, d, bias, aux, alpha, beta};
    bool biased = p.descriptor.epilogue & EpilogueBias;
    bool plain = !(p.descriptor.epilogue & (EpilogueRelu | EpilogueGelu | EpilogueAux)) && d.type == Float32 && (!biased || bias_type == Float32);
    multiply(a, p.descriptor.transpose_a != 0, b, p.descriptor.transpose_b != 0, p.m, p.n, p.k, [&](const Tile& tile) {
        if (plain) finish_plain(tile, to, biased);
        else finish(tile, to, p.descriptor.epilogue);
    });
    mark_written(d);
    if (store_aux) mark_written(aux);
    return Success;
}

/// One algorithm, which needs no workspace; its first word marks it as ours.
enum : uint64_t { OurAlgorithm = 0x5357424c4153ull };

EXPORT int cublasLtMatmulAlgoGetHeuristic(void* handle, void* descriptor, void* a, void* b, void* c, void* d, void*, int wanted,
                                          LtHeuristic* results, int* found) {
    if (!handle) return BlasNotInitialized;
    if (wanted < 1) return BlasInvalidValue;
    *found = 0;
    Problem problem;
    if (int status = read_problem(problem, descriptor, a, b, c, d)) return status;
    int count = std::min(wanted, 2);    // two, so that a caller's choice among candidates has something to choose from
    memset(results, 0, sizeof *results * (size_t)count);
    for (int i = 0; i < count; i++) {
        results[i].algorithm[0] = OurAlgorithm;
        results[i].algorithm[1] = (uint64_t)i;
        results[i].waves = 1;
    }
    *found = count;
    return BlasSuccess;
}

EXPORT int cublasLtMatmulAlgoCheck(void* handle, void* descriptor, void* a, void* b, void* c, void* d, const uint64_t* algorithm,
                                   LtHeuristic* result) {
    if (!handle) return BlasNotInitialized;
    Problem problem;
    if (int status = read_problem(problem, descriptor, a, b, c, d)) return status;
    if (algorithm[0] != OurAlgorithm) return BlasInvalidValue;
    memset(result, 0, sizeof *result);
    memcpy(result->algorithm, algorithm, sizeof result->algorithm);
    return BlasSuccess;
}

EXPORT int cublasLtMatmul(void* handle, void* descriptor, const float* alpha, const void* A, void* a, const void* B, void* b, const float* beta,
                          const void* C, void* c, void* D, void* d, const uint64_t* algorithm, void* workspace, size_t workspace_bytes,
                          void* stream) {
    if (!handle) return BlasNotInitialized;
    Problem p;
    if (int status = read_problem(p, descriptor, a, b, c, d)) return status;
    if (algorithm && algorithm[0] != OurAlgorithm) {
        report("cublasLtMatmul: the algorithm does not come from this library");
        return BlasInvalidValue;
    }
    if (workspace_bytes && !range_is_live((uint64_t)workspace, workspace_bytes)) {
        report("cublasLtMatmul: the workspace of %zu bytes is not inside one allocation", workspace_bytes);
        return BlasInvalidValue;
    }
    float scale = *alpha, keep = *beta;
    int error = enqueue(stream, [=]() -> CUresult {
        for (int i = 0; i < p.d.batch; i++)
            if (CUresult failed = run_batch(p, matrix_of(p.a, A, i), matrix_of(p.b, B, i), matrix_of(p.c, C, i), matrix_of(p.d, D, i), scale, keep))
                return failed;
        return Success;
    });
    return error ? BlasExecutionFailed : BlasSuccess;
}
