// Matrices as cuBLAS sees them, and the one product everything comes down to.
#pragma once
#include "../driver/driver.h"

enum DataType { Float32 = 0, Float16 = 2, Int32 = 10, BFloat16 = 14 };
enum BlasStatus {
    BlasSuccess = 0, BlasNotInitialized = 1, BlasInvalidValue = 7, BlasArchitecture = 8, BlasExecutionFailed = 13, BlasInternal = 14,
    BlasNotSupported = 15,
};

size_t element_bytes(int type);     // 0: not a type that is known here
float load_element(const void* matrix, size_t index, int type);
void store_element(void* matrix, size_t index, int type, float value);

/// Element (row, column) lies at row + column * leading, or row * leading + column where rows are contiguous.
struct Matrix {
    void* data;
    int type;
    int64_t rows, columns, leading;
    bool row_major = false;
    size_t at(int64_t row, int64_t column) const { return (size_t)(row_major ? row * leading + column : row + column * leading); }
    size_t bytes() const {
        if (!rows || !columns) return 0;
        return (at(rows - 1, columns - 1) + 1) * element_bytes(type);
    }
};

/// False, with a report, when an operand is not inside one allocation.
bool operand_is_live(const char* call, const char* name, const Matrix& matrix);
/// The check build's shadow: reads of bytes never written are reported; what is stored counts as written.
bool operand_is_written(const char* call, const char* name, const Matrix& matrix);
void mark_written(const Matrix& matrix);

/// A rectangle of a product: element (i, j) of it is value[j * TileRows + i] and belongs to row first_row + i, column first_column + j.
enum { TileRows = 32, TileColumns = 6 };
struct Tile { const float* value; int64_t first_row, first_column, rows, columns; };

/// Calls finish with every tile of op(A) op(B), m x n, each in float with k ascending; large products from several threads at once.
void multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, int64_t m, int64_t n, int64_t k,
              const std::function<void(const Tile&)>& finish);
