// Layer normalisation of rows, alone or of the sum of a residual stream and its branch: one warp a row. A row of up to LayerNormCached
// wide accesses a lane stays in registers between its passes; a longer one, or one that is not aligned, is read again.

constexpr int LayerNormRowsPerBlock = 4;
constexpr int LayerNormCached = 5; // bfloat16: 1280 columns, the widest ViT's; float32: 640

/// A warp's view of one row, N neighbours a lane, 32 N a turn: x, or x + branch, which is rounded to the storage and stored as `sum`, so
/// that the passes and the backward pass see one number. The first `Cached` turns are kept in registers, later ones read again, by the
/// lane that stored them.
template<class T, int N, int Cached> struct WarpRow
{
    const T* source;
    int columns;
    float kept[Cached > 0 ? Cached : 1][N];

    DEVICE WarpRow(const T* x, const T* branch, T* sum, int columns) : source(branch ? sum : x), columns(columns)
    {
#pragma unroll
        for (int turn = 0; turn < Cached; turn++)
            if (column(turn) < columns)
                read(kept[turn], x, branch, sum, column(turn));
        for (int turn = Cached; branch && column(turn) < columns; turn++)
        {
            float value[N];
            read(value, x, branch, sum, column(turn));
        }
    }

    static DEVICE int column(int turn) { return (turn * WarpLanes + laneIndex()) * N; }

    static DEVICE void read(float (&value)[N], const T* x, const T* branch, T* sum, int at)
    {
        loadPacked<N>(value, x + at);
        if (!branch)
            return;
        float other[N];
        loadPacked<N>(other, branch + at);
#pragma unroll
        for (int i = 0; i < N; i++)
            value[i] = toFloat(fromFloat<T>(value[i] + other[i]));
        storePacked<N>(sum + at, value);
    }

    /// visit(first column, its N values) over the lane's part of the row, in order.
    template<class TVisit> DEVICE void each(const TVisit& visit)
    {
#pragma unroll
        for (int turn = 0; turn < Cached; turn++)
            if (column(turn) < columns)
                visit(column(turn), kept[turn]);
        for (int turn = Cached; column(turn) < columns; turn++)
        {
            float value[N];
            loadPacked<N>(value, source + column(turn));
            visit(column(turn), value);
        }
    }
};

template<int N, int Cached, class T> DEVICE void layerNormRow(
    const T* x, const T* branch, const float* gamma, const float* beta, T* sum, T* y, float* mean, float* reciprocalDeviation,
    int columns, float epsilon)
{
    WarpRow<T, N, Cached> row(x, branch, sum, columns);
    float total = 0;
    row.each([&](int, const float (&value)[N]) {
#pragma unroll
        for (int i = 0; i < N; i++)
            total += value[i];
    });
    float rowMean = warpSum(total) / columns, squares = 0;
    row.each([&](int, const float (&value)[N]) {
#pragma unroll
        for (int i = 0; i < N; i++)
            squares += (value[i] - rowMean) * (value[i] - rowMean);
    });
    float reciprocal = 1.0f / sqrtf(warpSum(squares) / columns + epsilon);
    row.each([&](int column, const float (&value)[N]) {
        float scale[N], shift[N];
        loadPacked<N>(scale, gamma + column);
        loadPacked<N>(shift, beta + column);
#pragma unroll
        for (int i = 0; i < N; i++)
            scale[i] = (value[i] - rowMean) * reciprocal * scale[i] + shift[i];
        storePacked<N>(y + column, scale);
    });
    if (laneIndex() == 0)
    {
        *mean = rowMean;
        *reciprocalDeviation = reciprocal;
    }
}

template<class T> DEVICE void layerNorm(
    const T* x, const T* branch, const float* gamma, const float* beta, T* sum, T* y, float* mean, float* reciprocalDeviation, int rows,
    int columns, float epsilon)
{
    int row = blockIdx.x * LayerNormRowsPerBlock + warpIndex();
    if (row >= rows)
        return;
    i64 offset = (i64)row * columns;
    bool wide = columns % Lanes<T>::count == 0 && isAligned16(x) && isAligned16(branch) && isAligned16(gamma) && isAligned16(beta)
        && isAligned16(sum) && isAligned16(y);
    const T* branchRow = branch ? branch + offset : branch;
    T* sumRow = branch ? sum + offset : sum;
    if (wide)
        layerNormRow<Lanes<T>::count, LayerNormCached>(
            x + offset, branchRow, gamma, beta, sumRow, y + offset, mean + row, reciprocalDeviation + row, columns, epsilon);
    else
        layerNormRow<1, 0>(
            x + offset, branchRow, gamma, beta, sumRow, y + offset, mean + row, reciprocalDeviation + row, columns, epsilon);
}

/// A warp's view of dy, x and gamma of one row as g = dy gamma and n = (x - mean) rstd.
template<class T, int N, int Cached> struct WarpGradientRow
{
    const T* dy;
    const T* x;
    const float* gamma;
    int columns;
    float mean, reciprocal;
    float keptG[Cached > 0 ? Cached : 1][N], keptN[Cached > 0 ? Cached : 1][N];

    DEVICE WarpGradientRow(const T* dy, const T* x, const float* gamma, int columns, float mean, float reciprocal)
        : dy(dy), x(x), gamma(gamma), columns(columns), mean(mean), reciprocal(reciprocal)
    {
#pragma unroll
        for (int turn = 0; turn < Cached; turn++)
            if (column(turn) < columns)
                read(column(turn), keptG[turn], keptN[turn]);
    }

    static DEVICE int column(int turn) { return (turn * WarpLanes + laneIndex()) * N; }

    DEVICE void read(int at, float (&g)[N], float (&n)[N]) const
    {
        float scale[N];
        loadPacked<N>(g, dy + at);
        loadPacked<N>(n, x + at);
        loadPacked<N>(scale, gamma + at);
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            g[i] *= scale[i];
            n[i] = (n[i] - mean) * reciprocal;
        }
    }

    template<class TVisit> DEVICE void each(const TVisit& visit)
    {
#pragma unroll
        for (int turn = 0; turn < Cached; turn++)
            if (column(turn) < columns)
                visit(column(turn), keptG[turn], keptN[turn]);
        for (int turn = Cached; column(turn) < columns; turn++)
        {
            float g[N], n[N];
            read(column(turn), g, n);
            visit(column(turn), g, n);
        }
    }
};

template<int N, int Cached, class T> DEVICE void layerNormGradientRow(
    const T* dy, const T* added, const T* x, const float* gamma, float mean, float reciprocal, T* dx, int columns)
{
    WarpGradientRow<T, N, Cached> row(dy, x, gamma, columns, mean, reciprocal);
    float sumG = 0, sumGn = 0;
    row.each([&](int, const float (&g)[N], const float (&n)[N]) {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            sumG += g[i];
            sumGn += g[i] * n[i];
        }
    });
    float meanG = warpSum(sumG) / columns, meanGn = warpSum(sumGn) / columns;
    row.each([&](int column, const float (&g)[N], const float (&n)[N]) {
        float value[N];
#pragma unroll
        for (int i = 0; i < N; i++)
            value[i] = reciprocal * (g[i] - meanG - n[i] * meanGn);
        if (added)
        {
            float before[N];
            loadPacked<N>(before, added + column);
#pragma unroll
            for (int i = 0; i < N; i++)
                value[i] += before[i];
        }
        storePacked<N>(dx + column, value);
    });
}

/// dx = the gradient, plus `added` where that is given: dx itself, or what comes past the norm along the residual stream.
template<class T> DEVICE void layerNormGradient(
    const T* dy, const T* added, const T* x, const float* gamma, const float* mean, const float* reciprocalDeviation, T* dx, int rows,
    int columns)
{
    int row = blockIdx.x * LayerNormRowsPerBlock + warpIndex();
    if (row >= rows)
        return;
    i64 offset = (i64)row * columns;
    bool wide = columns % Lanes<T>::count == 0 && isAligned16(dy) && isAligned16(added) && isAligned16(x) && isAligned16(gamma)
        && isAligned16(dx);
    const T* addedRow = added ? added + offset : added;
    if (wide)
        layerNormGradientRow<Lanes<T>::count, LayerNormCached>(
            dy + offset, addedRow, x + offset, gamma, mean[row], reciprocalDeviation[row], dx + offset, columns);
    else
        layerNormGradientRow<1, 0>(
            dy + offset, addedRow, x + offset, gamma, mean[row], reciprocalDeviation[row], dx + offset, columns);
}

/// Sums for dgamma and dbeta: dy n and dy.
template<class T> struct LayerNormParameterRows
{
    const T* dy;
    const T* x;
    const float* mean;
    const float* reciprocalDeviation;
    int columns;

    template<int N> DEVICE void add(float (&sums)[2][N], int row, int column) const
    {
        float gradient[N], value[N];
        loadPacked<N>(gradient, dy + (i64)row * columns + column);
        loadPacked<N>(value, x + (i64)row * columns + column);
        float rowMean = mean[row], reciprocal = reciprocalDeviation[row];
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            sums[0][i] += gradient[i] * ((value[i] - rowMean) * reciprocal);
            sums[1][i] += gradient[i];
        }
    }
};

template<class T> DEVICE void layerNormParameterSums(
    const T* dy, const T* x, const float* mean, const float* reciprocalDeviation, float* partial, int rows, int columns, int wide)
{
    LayerNormParameterRows<T> row{dy, x, mean, reciprocalDeviation, columns};
    if (wide)
        columnSums<2, Lanes<T>::count>(rows, columns, row, partial);
    else
        columnSums<2, 1>(rows, columns, row, partial);
}

// maths        y = (x - mean) rstd gamma + beta; biased variance of the centred row; mean and rstd are kept
// layout       x, y [rows, columns]; gamma, beta [columns]; mean, reciprocalDeviation [rows]
// launch       grid rows / 4 rounded up, block 128: a warp a row
// determinism  a lane's columns in order, then a butterfly over the lanes
// CPU twin     CpuBackend.LayerNorm
extern "C" __global__ void __launch_bounds__(128) layernorm_forward_f32(
    const float* x, const float* gamma, const float* beta, float* y, float* mean, float* reciprocalDeviation, int rows, int columns,
    float epsilon)
{
    layerNorm<float>(x, nullptr, gamma, beta, nullptr, y, mean, reciprocalDeviation, rows, columns, epsilon);
}

extern "C" __global__ void __launch_bounds__(128) layernorm_forward_bf16(
    const bf16* x, const float* gamma, const float* beta, bf16* y, float* mean, float* reciprocalDeviation, int rows, int columns,
    float epsilon)
{
    layerNorm<bf16>(x, nullptr, gamma, beta, nullptr, y, mean, reciprocalDeviation, rows, columns, epsilon);
}

// maths        sum = x + branch, rounded to the storage; y = (sum - mean) rstd gamma + beta, as layernorm_forward of sum
// layout       x, branch, sum, y [rows, columns]; gamma, beta [columns]; mean, reciprocalDeviation [rows]; sum may be x or branch
// launch       grid rows / 4 rounded up, block 128: a warp a row
// determinism  the bits of elementwise_add, then layernorm_forward
// CPU twin     CpuBackend.ResidualLayerNorm
extern "C" __global__ void __launch_bounds__(128) layernorm_residual_forward_f32(
    const float* x, const float* branch, const float* gamma, const float* beta, float* sum, float* y, float* mean, float* reciprocalDeviation,
    int rows, int columns, float epsilon)
{
    layerNorm(x, branch, gamma, beta, sum, y, mean, reciprocalDeviation, rows, columns, epsilon);
}

extern "C" __global__ void __launch_bounds__(128) layernorm_residual_forward_bf16(
    const bf16* x, const bf16* branch, const float* gamma, const float* beta, bf16* sum, bf16* y, float* mean, float* reciprocalDeviation,
    int rows, int columns, float epsilon)
{
    layerNorm(x, branch, gamma, beta, sum, y, mean, reciprocalDeviation, rows, columns, epsilon);
}

// maths        with g = dy gamma and n = (x - mean) rstd: dx (+)= rstd (g - mean(g) - n mean(g n))
// layout       dy, x, dx [rows, columns]; gamma [columns]; mean, reciprocalDeviation [rows]
// launch       grid rows / 4 rounded up, block 128: a warp a row
// determinism  a lane's columns in order, then a butterfly over the lanes
// CPU twin     CpuBackend.LayerNormInputGradient
extern "C" __global__ void __launch_bounds__(128) layernorm_input_gradient_f32(
    const float* dy, const float* x, const float* gamma, const float* mean, const float* reciprocalDeviation, float* dx, int rows,
    int columns, int accumulate)
{
    layerNormGradient<float>(dy, accumulate ? dx : nullptr, x, gamma, mean, reciprocalDeviation, dx, rows, columns);
}

extern "C" __global__ void __launch_bounds__(128) layernorm_input_gradient_bf16(
    const bf16* dy, const bf16* x, const float* gamma, const float* mean, const float* reciprocalDeviation, bf16* dx, int rows,
    int columns, int accumulate)
{
    layerNormGradient<bf16>(dy, accumulate ? dx : nullptr, x, gamma, mean, reciprocalDeviation, dx, rows, columns);
}

// maths        dx = dsum + the gradient of the norm, as layernorm_input_gradient: what x and branch of their sum both get
// layout       dy, dsum, sum, dx [rows, columns]; gamma [columns]; mean, reciprocalDeviation [rows]; dx may be dsum
// launch       grid rows / 4 rounded up, block 128: a warp a row
// determinism  a lane's columns in order, then a butterfly over the lanes
// CPU twin     CpuBackend.ResidualLayerNormInputGradient
extern "C" __global__ void __launch_bounds__(128) layernorm_residual_input_gradient_f32(
    const float* dy, const float* dsum, const float* sum, const float* gamma, const float* mean, const float* reciprocalDeviation, float* dx,
    int rows, int columns)
{
    layerNormGradient(dy, dsum, sum, gamma, mean, reciprocalDeviation, dx, rows, columns);
}

extern "C" __global__ void __launch_bounds__(128) layernorm_residual_input_gradient_bf16(
    const bf16* dy, const bf16* dsum, const bf16* sum, const float* gamma, const float* mean, const float* reciprocalDeviation, bf16* dx,
    int rows, int columns)
{
    layerNormGradient(dy, dsum, sum, gamma, mean, reciprocalDeviation, dx, rows, columns);
}

// maths        partial[0, chunk, c] = sum over the chunk's rows of dy n, partial[1, chunk, c] of dy; columns_combine makes dgamma, dbeta
// layout       dy, x [rows, columns]; mean, reciprocalDeviation [rows]; partial [2, chunks, columns]
// launch       ColumnGeometry(rows, columns, type, aligned)
// determinism  as columns_sum
// CPU twin     CpuBackend.LayerNormParameterGradient
extern "C" __global__ void __launch_bounds__(256) layernorm_parameter_sums_f32(
    const float* dy, const float* x, const float* mean, const float* reciprocalDeviation, float* partial, int rows, int columns, int wide)
{
    layerNormParameterSums(dy, x, mean, reciprocalDeviation, partial, rows, columns, wide);
}

extern "C" __global__ void __launch_bounds__(256) layernorm_parameter_sums_bf16(
    const bf16* dy, const bf16* x, const float* mean, const float* reciprocalDeviation, float* partial, int rows, int columns, int wide)
{
    layerNormParameterSums(dy, x, mean, reciprocalDeviation, partial, rows, columns, wide);
}
