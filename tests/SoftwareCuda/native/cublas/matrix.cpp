#include "matrix.h"
#include "../check/check.h"
#include "../runtime/parallel.h"
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

/// panel[p * Width + i] = element (first + i, p) of the operand as rows x k, as float; rows beyond the last are zero.
template <int Width, class Load> static void fill_panel(float* panel, int64_t first, int64_t rows, int64_t k, size_t row_step, size_t k_step, Load load) {
    int64_t present = std::min<int64_t>(Width, rows - first);
    if (present < Width) memset(panel, 0, (size_t)(k * Width) * sizeof *panel);
    if (k_step == 1) {
        for (int64_t i = 0; i < present; i++)
            for (int64_t p = 0; p < k; p++) panel[p * Width + i] = load((size_t)(first + i) * row_step + (size_t)p);
        return;
    }
    for (int64_t p = 0; p < k; p++)
        for (int64_t i = 0; i < present; i++) panel[p * Width + i] = load((size_t)(first + i) * row_step + (size_t)p * k_step);
}

/// All panels of one operand, `rows` long across and k deep; the element's type is looked at once.
template <int Width> static std::vector<float> panels(const Matrix& matrix, bool k_runs_down, int64_t rows, int64_t k) {
    int64_t count = (rows + Width - 1) / Width;
    std::vector<float> all((size_t)(count * k * Width));
    size_t down = matrix.row_major ? (size_t)matrix.leading : 1, across = matrix.row_major ? 1 : (size_t)matrix.leading;
    size_t row_step = k_runs_down ? across : down, k_step = k_runs_down ? down : across;
    for (int64_t i = 0; i < count; i++) {
        float* panel = &all[(size_t)(i * k * Width)];
        if (matrix.type == Float32)
            fill_panel<Width>(panel, i * Width, rows, k, row_step, k_step, [data = (const float*)matrix.data](size_t at) { return data[at]; });
        else if (matrix.type == BFloat16)
            fill_panel<Width>(panel, i * Width, rows, k, row_step, k_step, [data = (const unsigned short*)matrix.data](size_t at) { return from_bf16(data[at]); });
        else
            fill_panel<Width>(panel, i * Width, rows, k, row_step, k_step, [&](size_t at) { return load_element(matrix.data, at, matrix.type); });
    }
    return all;
}

#ifdef __AVX512F__
typedef float Vector __attribute__((vector_size(64)));
#else
typedef float Vector __attribute__((vector_size(32)));
#endif
enum { VectorFloats = sizeof(Vector) / sizeof(float), VectorsAtOnce = 2 };    // with TileColumns: the accumulators fit the registers

/// Two vectors of rows at a time, from `row` on.
static void fill_tile(const float* left, const float* right, int64_t k, int row, float* tile) {
    Vector sums[TileColumns][VectorsAtOnce] = {};
    for (int64_t p = 0; p < k; p++) {
        Vector from[VectorsAtOnce];
        memcpy(from, left + p * TileRows + row, sizeof from);
#pragma GCC unroll 8
        for (int j = 0; j < TileColumns; j++)
#pragma GCC unroll 8
            for (int v = 0; v < VectorsAtOnce; v++) sums[j][v] += from[v] * right[p * TileColumns + j];
    }
    for (int j = 0; j < TileColumns; j++) memcpy(tile + j * TileRows + row, sums[j], sizeof sums[j]);
}

void multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, int64_t m, int64_t n, int64_t k,
              const std::function<void(const Tile&)>& finish) {
    const int64_t worth_a_thread = 1 << 18;    // multiply-adds
    std::vector<float> left = panels<TileRows>(a, transpose_a, m, k), right = panels<TileColumns>(b, !transpose_b, n, k);
    int64_t strips = (n + TileColumns - 1) / TileColumns;
    in_parallel(strips, m * n * k > worth_a_thread, [&](int64_t strip) {
        alignas(64) float tile[TileColumns * TileRows];
        int64_t column = strip * TileColumns;
        for (int64_t row = 0; row < m; row += TileRows) {
            for (int part = 0; part < TileRows; part += VectorsAtOnce * VectorFloats)
                fill_tile(&left[(size_t)(row * k)], &right[(size_t)(column * k)], k, part, tile);
            finish({tile, row, column, std::min<int64_t>(TileRows, m - row), std::min<int64_t>(TileColumns, n - column)});
        }
    });
}
