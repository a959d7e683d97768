#include "matrix.h"
#include "../check/check.h"
#include <string.h>

static float from_bf16(unsigned short h) {
    unsigned bits = (unsigned)h << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static unsigned short to_bf16(float value) {    // to nearest, ties to even
    unsigned bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (unsigned short)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

size_t element_bytes(int type) { return type == Float32 || type == Int32 ? 4 : type == BFloat16 || type == Float16 ? 2 : 0; }

float load_element(const void* matrix, size_t index, int type) {
    if (type == Float32) return ((const float*)matrix)[index];
    if (type == BFloat16) return from_bf16(((const unsigned short*)matrix)[index]);
    return (float)((const _Float16*)matrix)[index];
}

void store_element(void* matrix, size_t index, int type, float value) {
    if (type == Float32) ((float*)matrix)[index] = value;
    else if (type == BFloat16) ((unsigned short*)matrix)[index] = to_bf16(value);
    else ((_Float16*)matrix)[index] = (_Float16)value;
}

bool operand_is_live(const char* call, const char* name, const Matrix& matrix) {
    if (!matrix.bytes() || range_is_live((uint64_t)matrix.data, matrix.bytes())) return true;
    report("%s: %s is %lld x %lld with leading dimension %lld and needs %zu bytes, which are not inside one allocation: %s", call, name,
           (long long)matrix.rows, (long long)matrix.columns, (long long)matrix.leading, matrix.bytes(),
           describe_address((uint64_t)matrix.data).c_str());
    return false;
}

/// Contiguous runs of a matrix: its columns, or its rows.
template <class F> static bool each_run(const Matrix& matrix, F visit) {
    int64_t runs = matrix.row_major ? matrix.rows : matrix.columns, length = matrix.row_major ? matrix.columns : matrix.rows;
    size_t bytes = element_bytes(matrix.type);
    for (int64_t i = 0; i < runs; i++)
        if (!visit((char*)matrix.data + (size_t)(i * matrix.leading) * bytes, (size_t)length * bytes)) return false;
    return true;
}

bool operand_is_written(const char* call, const char* name, const Matrix& matrix) {
    if (!sw_checking || !shadow) return true;
    return each_run(matrix, [&](char* start, size_t bytes) {
        const unsigned char* state = shadow + (start - device_base);
        for (size_t i = 0; i < bytes; i++) {
            if (state[i] == Written) continue;
            report("%s: read of memory that was never written, in %s: %s", call, name, describe_address((uint64_t)(start + i)).c_str());
            return false;
        }
        return true;
    });
}

void mark_written(const Matrix& matrix) {
    each_run(matrix, [](char* start, size_t bytes) {
        shadow_set(start, bytes, Written);
        return true;
    });
}

void multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, int64_t m, int64_t n, int64_t k, float* product) {
    std::vector<float> left((size_t)(m * k)), right((size_t)(k * n));     // left[p m + i], right[j k + p]
    for (int64_t p = 0; p < k; p++)
        for (int64_t i = 0; i < m; i++)
            left[(size_t)(p * m + i)] = load_element(a.data, transpose_a ? a.at(p, i) : a.at(i, p), a.type);
    for (int64_t j = 0; j < n; j++)
        for (int64_t p = 0; p < k; p++)
            right[(size_t)(j * k + p)] = load_element(b.data, transpose_b ? b.at(j, p) : b.at(p, j), b.type);
    enum { Rows = 64, Columns = 4 };    // a strip of the product that stays in the nearest cache while k runs
    for (int64_t i0 = 0; i0 < m; i0 += Rows)
        for (int64_t j0 = 0; j0 < n; j0 += Columns) {
            int64_t rows = std::min<int64_t>(Rows, m - i0), columns = std::min<int64_t>(Columns, n - j0);
            float strip[Columns][Rows] = {};
            for (int64_t p = 0; p < k; p++) {
                const float* from = &left[(size_t)(p * m + i0)];
                for (int64_t j = 0; j < columns; j++) {
                    float factor = right[(size_t)((j0 + j) * k + p)];
                    for (int64_t i = 0; i < rows; i++) strip[j][i] += from[i] * factor;
                }
            }
            for (int64_t j = 0; j < columns; j++)
                for (int64_t i = 0; i < rows; i++) product[(j0 + j) * m + i0 + i] = strip[j][i];
        }
}
