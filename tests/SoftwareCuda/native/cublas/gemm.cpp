// cuBLAS proper: the handle and GemmEx, plain and strided batched. Column-major throughout.
#include "matrix.h"

struct BlasHandle { void* stream; };

EXPORT int cublasCreate_v2(void** handle) {
    LOCK;
    if (!initialized) return BlasNotInitialized;
    *handle = new BlasHandle{nullptr};
    return BlasSuccess;
}
EXPORT int cublasDestroy_v2(void* handle) {
    delete (BlasHandle*)handle;
    return BlasSuccess;
}
EXPORT int cublasGetVersion_v2(void*, int* version) { *version = 130000; return BlasSuccess; }
EXPORT int cublasSetStream_v2(void* handle, void* stream) {
    ((BlasHandle*)handle)->stream = stream;
    return BlasSuccess;
}
EXPORT int cublasSetMathMode(void*, int) { return BlasSuccess; }
EXPORT int cublasSetWorkspace_v2(void*, void*, size_t) { return BlasSuccess; }
EXPORT int cublasSetPointerMode_v2(void*, int) { return BlasSuccess; }
EXPORT const char* cublasGetStatusName(int status) {
    switch (status) {
        case BlasSuccess: return "CUBLAS_STATUS_SUCCESS";
        case BlasNotInitialized: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case BlasInvalidValue: return "CUBLAS_STATUS_INVALID_VALUE";
        case BlasExecutionFailed: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case BlasInternal: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case BlasNotSupported: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "CUBLAS_STATUS unknown";
    }
}
EXPORT const char* cublasGetStatusString(int status) { return cublasGetStatusName(status); }

static CUresult run_one(const Matrix& a, bool ta, const Matrix& b, bool tb, const Matrix& c, int64_t k, float alpha, float beta) {
    const char* call = "cublasGemmEx";
    if (!operand_is_live(call, "A", a) || !operand_is_live(call, "B", b) || !operand_is_live(call, "C", c)) return IllegalAddress;
    if (!operand_is_written(call, "A", a) || !operand_is_written(call, "B", b)) return LaunchFailed;
    if (beta != 0 && !operand_is_written(call, "C", c)) return LaunchFailed;
    multiply(a, ta, b, tb, c.rows, c.columns, k, [&](const Tile& tile) {
        for (int64_t j = 0; j < tile.columns; j++)
            for (int64_t i = 0; i < tile.rows; i++) {
                size_t place = c.at(tile.first_row + i, tile.first_column + j);
                float old = beta != 0 ? beta * load_element(c.data, place, c.type) : 0;
                store_element(c.data, place, c.type, alpha * tile.value[j * TileRows + i] + old);
            }
    });
    mark_written(c);
    return Success;
}

EXPORT int cublasGemmStridedBatchedEx(void* handle, int ta, int tb, int m, int n, int k, const float* alpha, const void* A, int type_a, int lda,
                                      long long stride_a, const void* B, int type_b, int ldb, long long stride_b, const float* beta, void* C,
                                      int type_c, int ldc, long long stride_c, int batch, int, int) {
    if (!handle) return BlasNotInitialized;
    if (m < 0 || n < 0 || k < 0 || batch < 0 || ta < 0 || ta > 2 || tb < 0 || tb > 2 || lda < std::max(1, ta ? k : m)
        || ldb < std::max(1, tb ? n : k) || ldc < std::max(1, m)) {
        report("cublasGemmEx: invalid dimension or leading dimension: m %d n %d k %d lda %d ldb %d ldc %d", m, n, k, lda, ldb, ldc);
        return BlasInvalidValue;
    }
    if (!element_bytes(type_a) || !element_bytes(type_c) || type_a != type_b) return BlasNotSupported;
    float scale = *alpha, keep = *beta;
    int error = enqueue(((BlasHandle*)handle)->stream, [=]() -> CUresult {
        for (int i = 0; i < batch; i++) {
            Matrix a{(char*)A + i * stride_a * element_bytes(type_a), type_a, ta ? k : m, ta ? m : k, lda};
            Matrix b{(char*)B + i * stride_b * element_bytes(type_b), type_b, tb ? n : k, tb ? k : n, ldb};
            Matrix c{(char*)C + i * stride_c * element_bytes(type_c), type_c, m, n, ldc};
            if (CUresult failed = run_one(a, ta != 0, b, tb != 0, c, k, scale, keep)) return failed;
        }
        return Success;
    });
    return error ? BlasExecutionFailed : BlasSuccess;
}

EXPORT int cublasGemmEx(void* handle, int ta, int tb, int m, int n, int k, const float* alpha, const void* A, int type_a, int lda,
                        const void* B, int type_b, int ldb, const float* beta, void* C, int type_c, int ldc, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(handle, ta, tb, m, n, k, alpha, A, type_a, lda, 0, B, type_b, ldb, 0, beta, C, type_c, ldc, 0, 1,
                                      compute, algorithm);
}
