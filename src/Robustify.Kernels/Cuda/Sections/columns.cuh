// Sums over the rows of [rows, columns], per column, in two stages and a fixed order.
//
// A block is (column lanes, row groups), both powers of two; a thread owns N neighbouring columns and every row-groups-th row of the
// block's chunk of rows. Grid (column tiles, chunks). The geometry, and with it every order of addition, depends on the shape and on
// whether wide accesses are possible: ColumnGeometry on the host. A thread beyond the last column only keeps the barriers.

constexpr int ColumnThreads = 256;

DEVICE int tileColumn(int lanes) { return (int)(blockIdx.x * blockDim.x + threadIdx.x) * lanes; }

/// First row of chunk `index` of `chunks`.
DEVICE int chunkFirst(int rows, int index, int chunks) { return (int)((i64)rows * index / chunks); }
DEVICE int chunkFirst(int rows) { return chunkFirst(rows, blockIdx.y, gridDim.y); }
DEVICE int chunkEnd(int rows) { return chunkFirst(rows, blockIdx.y + 1, gridDim.y); }

/// Adds K times N sums over the block's row groups: afterwards those with threadIdx.y = 0 hold the totals. `shared`: K N 256 elements.
template<int K, int N> DEVICE void addRowGroups(float (&sums)[K][N], float* shared)
{
    int thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
    for (int i = 0; i < K * N; i++)
        shared[i * ColumnThreads + thread] = sums[i / N][i % N];
    for (int half = blockDim.y / 2; half > 0; half /= 2)
    {
        __syncthreads();
        if ((int)threadIdx.y >= half)
            continue;
#pragma unroll
        for (int i = 0; i < K * N; i++)
        {
            sums[i / N][i % N] += shared[i * ColumnThreads + thread + half * blockDim.x];
            shared[i * ColumnThreads + thread] = sums[i / N][i % N];
        }
    }
}

/// First stage: partial [K, chunks, columns] = the sums that row.add<N>(sums, row, column) makes of this block's chunk of rows.
template<int K, int N, class TRow> DEVICE void columnSums(int rows, int columns, const TRow& row, float* partial)
{
    __shared__ float shared[K * N * ColumnThreads];
    int column = tileColumn(N), end = chunkEnd(rows);
    float sums[K][N] = {};
    if (column < columns)
        for (int r = chunkFirst(rows) + (int)threadIdx.y; r < end; r += blockDim.y)
            row.template add<N>(sums, r, column);
    addRowGroups(sums, shared);
    if (threadIdx.y != 0 || column >= columns)
        return;
#pragma unroll
    for (int k = 0; k < K; k++)
        storePacked<N>(partial + ((i64)k * gridDim.y + blockIdx.y) * columns + column, sums[k]);
}

/// The sum of every row group's value, in their order, in all of them. `slots`: one element a thread, used by nothing else.
template<class T> DEVICE T sumRowGroups(T value, T* slots)
{
    slots[threadIdx.y * blockDim.x + threadIdx.x] = value;
    __syncthreads();
    T sum = (T)0;
    for (u32 group = 0; group < blockDim.y; group++)
        sum += slots[group * blockDim.x + threadIdx.x];
    return sum;
}

/// The part of the sum over chunks of one column that this row group adds, in the order of the chunks.
DEVICE double groupPartial(const float* partial, int chunks, int columns, int column)
{
    double sum = 0;
    for (int chunk = threadIdx.y; chunk < chunks; chunk += blockDim.y)
        sum += partial[(i64)chunk * columns + column];
    return sum;
}

template<class T> struct PlainRows
{
    const T* x;
    int columns;

    template<int N> DEVICE void add(float (&sums)[1][N], int row, int column) const
    {
        float value[N];
        loadPacked<N>(value, x + (i64)row * columns + column);
#pragma unroll
        for (int i = 0; i < N; i++)
            sums[0][i] += value[i];
    }
};

template<class T> DEVICE void plainColumnSums(const T* x, float* partial, int rows, int columns, int wide)
{
    PlainRows<T> row{x, columns};
    if (wide)
        columnSums<1, Lanes<T>::count>(rows, columns, row, partial);
    else
        columnSums<1, 1>(rows, columns, row, partial);
}

// maths        partial[chunk, c] = sum over the chunk's rows of x[r, c]
// layout       x [rows, columns], partial [chunks, columns]
// launch       ColumnGeometry(rows, columns, type, aligned)
// determinism  rows of a thread in order, then row groups by a tree: fixed by the geometry
// CPU twin     CpuBackend.BiasGradient
extern "C" __global__ void __launch_bounds__(256) columns_sum_f32(const float* x, float* partial, int rows, int columns, int wide)
{
    plainColumnSums(x, partial, rows, columns, wide);
}

extern "C" __global__ void __launch_bounds__(256) columns_sum_bf16(const bf16* x, float* partial, int rows, int columns, int wide)
{
    plainColumnSums(x, partial, rows, columns, wide);
}

// maths        first[c] (+)= sum over chunks of partial[0, chunk, c]; second likewise of partial[1]
// layout       partial [1 or 2, chunks, columns]; first, second [columns], second absent where there is one set of sums
// launch       grid (columns / 32 rounded up, sets), block (32, 8)
// determinism  chunks of a thread in order, then the eight row groups in order, in double
// CPU twin     RowChunks.Combine
extern "C" __global__ void __launch_bounds__(256) columns_combine_f32(
    const float* partial, float* first, float* second, int chunks, int columns, int accumulate)
{
    __shared__ double slots[ColumnThreads];
    int column = tileColumn(1);
    double sum = column < columns ? groupPartial(partial + (i64)blockIdx.y * chunks * columns, chunks, columns, column) : 0;
    sum = sumRowGroups(sum, slots);
    if (threadIdx.y != 0 || column >= columns)
        return;
    float* destination = blockIdx.y == 0 ? first : second;
    destination[column] = (float)(sum + (accumulate ? destination[column] : 0));
}
