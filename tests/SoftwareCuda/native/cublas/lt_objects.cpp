#include "lt_objects.h"
#include <string.h>

EXPORT int cublasLtCreate(void** handle) {
    LOCK;
    if (!initialized) return BlasNotInitialized;
    *handle = new char;
    return BlasSuccess;
}
EXPORT int cublasLtDestroy(void* handle) { delete (char*)handle; return BlasSuccess; }
EXPORT size_t cublasLtGetVersion() { return 130000; }
EXPORT size_t cublasLtGetCudartVersion() { return 13000; }
EXPORT const char* cublasLtGetStatusName(int status) { return status ? "CUBLAS_STATUS error" : "CUBLAS_STATUS_SUCCESS"; }

template <class T> static int take(T& into, const void* value, size_t bytes) {
    if (bytes != sizeof(T)) return BlasInvalidValue;
    memcpy(&into, value, sizeof(T));
    return BlasSuccess;
}

EXPORT int cublasLtMatmulDescCreate(void** descriptor, int compute, int scale_type) {
    auto made = new LtDescriptor;
    made->compute = compute;
    made->scale_type = scale_type;
    *descriptor = made;
    return BlasSuccess;
}
EXPORT int cublasLtMatmulDescDestroy(void* descriptor) { delete (LtDescriptor*)descriptor; return BlasSuccess; }
EXPORT int cublasLtMatmulDescSetAttribute(void* descriptor, int attribute, const void* value, size_t bytes) {
    auto d = (LtDescriptor*)descriptor;
    switch (attribute) {
        case 0: return take(d->compute, value, bytes);
        case 1: return take(d->scale_type, value, bytes);
        case 2: return take(d->pointer_mode, value, bytes);
        case 3: return take(d->transpose_a, value, bytes);
        case 4: return take(d->transpose_b, value, bytes);
        case 7: return take(d->epilogue, value, bytes);
        case 8: return take(d->bias, value, bytes);
        case 11: return take(d->aux, value, bytes);
        case 12: return take(d->aux_leading, value, bytes);
        case 26: return take(d->bias_type, value, bytes);
        default: return BlasNotSupported;
    }
}

EXPORT int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
    *layout = new LtLayout{type, rows, columns, leading};
    return BlasSuccess;
}
EXPORT int cublasLtMatrixLayoutDestroy(void* layout) { delete (LtLayout*)layout; return BlasSuccess; }
EXPORT int cublasLtMatrixLayoutSetAttribute(void* layout, int attribute, const void* value, size_t bytes) {
    auto l = (LtLayout*)layout;
    switch (attribute) {
        case 0: return take(l->type, value, bytes);
        case 1: return take(l->order, value, bytes);
        case 2: return take(l->rows, value, bytes);
        case 3: return take(l->columns, value, bytes);
        case 4: return take(l->leading, value, bytes);
        case 5: return take(l->batch, value, bytes);
        case 6: return take(l->stride, value, bytes);
        default: return BlasNotSupported;
    }
}

EXPORT int cublasLtMatmulPreferenceCreate(void** preference) { *preference = new LtPreference; return BlasSuccess; }
EXPORT int cublasLtMatmulPreferenceDestroy(void* preference) { delete (LtPreference*)preference; return BlasSuccess; }
EXPORT int cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value, size_t bytes) {
    if (attribute == 1) return take(((LtPreference*)preference)->workspace, value, bytes);
    return BlasSuccess;
}
