// Texts and images in one space: rows of a table and back, rows of length one, and a learned scale. What is compared is float32 throughout.

/// Row rows[i / width] of a table, NaN for one that it has not.
template<class T> struct SelectRowElements
{
    const T* table;
    const int* rows;
    T* y;
    int tableRows, width;

    template<int N> DEVICE void invoke(i64 i) const
    {
        int row = rows[i / width];
        float value[N];
        if (row >= 0 && row < tableRows)
        {
            loadPacked<N>(value, table + (i64)row * width + i % width);
        }
        else
        {
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] = NAN;
        }
        storePacked<N>(y + i, value);
    }
};

template<class T> DEVICE void selectRows(const T* table, const int* rows, T* y, int tableRows, int width, i64 count)
{
    constexpr int N = Lanes<T>::count;
    bool packs = width % N == 0 && isAligned16(table) && isAligned16(y);
    forEachElement<N>(count, packs, SelectRowElements<T>{table, rows, y, tableRows, width});
}

/// A warp owns 32 columns of the row that its place took, unless a place before it took the same: it adds those places in their order. What no
/// place took is not looked at, so the work is that of the places, not of the table.
template<class T, class TTable> DEVICE void selectRowsGradient(
    const T* dy, const int* rows, TTable* dtable, int places, int width, int tableRows, int accumulate)
{
    int first = (int)blockIdx.x, lane = (int)threadIdx.x, row = rows[first], column = (int)blockIdx.y * WarpLanes + lane;
    if (row < 0 || row >= tableRows)
        return;
    TTable* destination = dtable + (i64)row * width + column;
    float sum = 0.0f;
    for (int start = 0; start < places; start += WarpLanes)
    {
        int place = start + lane;
        unsigned taken = __ballot_sync(FullWarp, place < places && rows[place] == row);
        if (__ballot_sync(FullWarp, place < first) & taken)
            return;
        // Only now is the row this warp's to read.
        if (accumulate && first - start < WarpLanes && first >= start && column < width)
            sum = load(destination);
        for (int at = start; taken != 0; taken >>= 1, at++)
            if ((taken & 1) && column < width)
                sum += load(dy + (i64)at * width + column);
    }
    if (column < width)
        store(destination, sum);
}

// maths        y[i] = table[rows[i]], NaN where the table has no such row
// layout       table [tableRows, width], rows [n], y [n, width]; count: elements of y
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.SelectRows
extern "C" __global__ void __launch_bounds__(256) embedding_select_f32(const float* table, const int* rows, float* y, int tableRows, int width, i64 count)
{
    selectRows(table, rows, y, tableRows, width, count);
}

extern "C" __global__ void __launch_bounds__(256) embedding_select_bf16(const bf16* table, const int* rows, bf16* y, int tableRows, int width, i64 count)
{
    selectRows(table, rows, y, tableRows, width, count);
}

// maths        y = 0
// layout       y [count]
// launch       FlatGeometry(count, type)
// determinism  one thread an element
// CPU twin     CpuBackend.SelectRowsGradient
extern "C" __global__ void __launch_bounds__(256) embedding_clear_f32(float* y, i64 count)
{
    for (i64 i = globalThread(); i < count; i += globalThreads())
        y[i] = 0.0f;
}

extern "C" __global__ void __launch_bounds__(256) embedding_clear_bf16(bf16* y, i64 count)
{
    for (i64 i = globalThread(); i < count; i += globalThreads())
        store(y + i, 0.0f);
}

// maths        dtable[r] (+)= sum of dy[i] over rows[i] = r, for every r that is taken
// layout       dy [places, width], rows [places], dtable [tableRows, width], float32 or as dy
// launch       grid (places, width / 32 rounded up), block 32: a warp 32 columns of a place's row
// determinism  one thread an element of the table, places in order
// CPU twin     CpuBackend.SelectRowsGradient
extern "C" __global__ void __launch_bounds__(32) embedding_select_gradient_f32(
    const float* dy, const int* rows, float* dtable, int places, int width, int tableRows, int accumulate)
{
    selectRowsGradient(dy, rows, dtable, places, width, tableRows, accumulate);
}

extern "C" __global__ void __launch_bounds__(32) embedding_select_gradient_bf16(
    const bf16* dy, const int* rows, bf16* dtable, int places, int width, int tableRows, int accumulate)
{
    selectRowsGradient(dy, rows, dtable, places, width, tableRows, accumulate);
}

extern "C" __global__ void __launch_bounds__(32) embedding_select_gradient_bf16_f32(
    const bf16* dy, const int* rows, float* dtable, int places, int width, int tableRows, int accumulate)
{
    selectRowsGradient(dy, rows, dtable, places, width, tableRows, accumulate);
}

// maths        reciprocal = 1 / sqrt(sum of squares of the row), y = x reciprocal
// layout       x, y [rows, width], reciprocal [rows]
// launch       grid rows, block 32: a warp a row
// determinism  every 32nd element in order, then a fixed butterfly
// CPU twin     CpuBackend.NormalizeRows
extern "C" __global__ void __launch_bounds__(32) embedding_normalize_f32(const float* x, float* y, float* reciprocal, int width)
{
    const float* source = x + (i64)blockIdx.x * width;
    float* destination = y + (i64)blockIdx.x * width;
    float sum = 0.0f;
    for (int i = (int)threadIdx.x; i < width; i += WarpLanes)
        sum = fmaf(source[i], source[i], sum);
    float factor = 1.0f / sqrtf(warpSum(sum));
    for (int i = (int)threadIdx.x; i < width; i += WarpLanes)
        destination[i] = source[i] * factor;
    if (threadIdx.x == 0)
        reciprocal[blockIdx.x] = factor;
}

// maths        dx (+)= (dy - y (y . dy)) reciprocal
// layout       dy, y, dx [rows, width], reciprocal [rows]
// launch       grid rows, block 32: a warp a row
// determinism  every 32nd element in order, then a fixed butterfly
// CPU twin     CpuBackend.NormalizeRowsGradient
extern "C" __global__ void __launch_bounds__(32) embedding_normalize_gradient_f32(
    const float* dy, const float* y, const float* reciprocal, float* dx, int width, int accumulate)
{
    i64 offset = (i64)blockIdx.x * width;
    float dot = 0.0f;
    for (int i = (int)threadIdx.x; i < width; i += WarpLanes)
        dot = fmaf(dy[offset + i], y[offset + i], dot);
    dot = warpSum(dot);
    float factor = reciprocal[blockIdx.x];
    for (int i = (int)threadIdx.x; i < width; i += WarpLanes)
    {
        float value = (dy[offset + i] - y[offset + i] * dot) * factor;
        dx[offset + i] = accumulate ? dx[offset + i] + value : value;
    }
}

// maths        y (+)= exp(exponent) x: the scaled rows, and on the way back their gradient
// layout       x, y [count], exponent [1]
// launch       FlatGeometry(count, f32)
// determinism  one thread an element
// CPU twin     CpuBackend.ScaleByExponential, CpuBackend.ScaleByExponentialGradient
extern "C" __global__ void __launch_bounds__(256) embedding_scale_f32(
    const float* x, const float* exponent, float* y, i64 count, int accumulate)
{
    float factor = expf(exponent[0]);
    for (i64 i = globalThread(); i < count; i += globalThreads())
        y[i] = accumulate ? y[i] + factor * x[i] : factor * x[i];
}

// maths        dexponent (+)= sum of dy y
// layout       dy, y [count], dexponent [1]
// launch       grid 1, block 32
// determinism  every 32nd element in order, then a fixed butterfly
// CPU twin     CpuBackend.ScaleByExponentialGradient
extern "C" __global__ void __launch_bounds__(32) embedding_scale_exponent_gradient_f32(
    const float* dy, const float* y, float* dexponent, i64 count, int accumulate)
{
    float sum = 0.0f;
    for (i64 i = threadIdx.x; i < count; i += WarpLanes)
        sum = fmaf(dy[i], y[i], sum);
    sum = warpSum(sum);
    if (threadIdx.x == 0)
        dexponent[0] = accumulate ? dexponent[0] + sum : sum;
}
