// Depthwise convolution: each channel with a filter of its own, stride 1, the side kept by zeros around. Images are
// [samples, high, wide, channels]; a thread owns N neighbouring channels at DepthwiseRun positions side by side, so that a value it reads
// serves several taps. The gradient with respect to the input is the same with the filters turned by half a circle.

constexpr int DepthwiseRun = 4;

// Neighbouring taps of a filter's row that a thread of the weight gradient sums: the published filters are 7 wide.
constexpr int DepthwiseTaps = 7;

template<class T> struct DepthwiseImages
{
    const T* x;
    const float* rows;
    const float* bias;
    T* y;
    int high, wide, channels, side;
    bool accumulate;

    /// Item `item` of (samples, high, runs of a row, packs of channels). Kernel: the filter's side where it is known to the compiler, else 0.
    template<int N, int Kernel> DEVICE void run(i64 item) const
    {
        int kernel = Kernel > 0 ? Kernel : side, packs = channels / N, runs = ceilDivide(wide, DepthwiseRun);
        int channel = (int)(item % packs) * N, column = (int)(item / packs % runs) * DepthwiseRun;
        i64 line = item / packs / runs;
        int row = (int)(line % high);
        const T* image = x + (line - row) * wide * channels + channel;
        float sum[DepthwiseRun][N];
#pragma unroll
        for (int j = 0; j < DepthwiseRun; j++)
#pragma unroll
            for (int i = 0; i < N; i++)
                sum[j][i] = bias ? bias[channel + i] : 0.0f;
        for (int tapRow = 0; tapRow < kernel; tapRow++)
        {
            int from = row + tapRow - kernel / 2;
            if (from < 0 || from >= high)
                continue;
            const float* filter = rows + (i64)tapRow * kernel * channels + channel;
            for (int at = 0; at < DepthwiseRun + kernel - 1; at++)
            {
                int place = column + at - kernel / 2;
                if (place < 0 || place >= wide)
                    continue;
                float value[N];
                loadPacked<N>(value, image + ((i64)from * wide + place) * channels);
#pragma unroll
                for (int j = 0; j < DepthwiseRun; j++)
                {
                    int tap = at - j;
                    if (tap < 0 || tap >= kernel)
                        continue;
                    float weight[N];
                    loadPacked<N>(weight, filter + (i64)tap * channels);
#pragma unroll
                    for (int i = 0; i < N; i++)
                        sum[j][i] += value[i] * weight[i];
                }
            }
        }
        T* destination = y + (line * wide + column) * channels + channel;
#pragma unroll
        for (int j = 0; j < DepthwiseRun; j++)
        {
            if (column + j >= wide)
                break;
            if (accumulate)
            {
                float before[N];
                loadPacked<N>(before, destination + (i64)j * channels);
#pragma unroll
                for (int i = 0; i < N; i++)
                    sum[j][i] += before[i];
            }
            storePacked<N>(destination + (i64)j * channels, sum[j]);
        }
    }

    template<int N, int Kernel> DEVICE void all(i64 lines) const
    {
        i64 items = lines * ceilDivide(wide, DepthwiseRun) * (channels / N);
        for (i64 item = globalThread(); item < items; item += globalThreads())
            run<N, Kernel>(item);
    }
};

template<class T> DEVICE void depthwiseConvolution(
    const T* x, const float* rows, const float* bias, T* y, i64 lines, int high, int wide, int channels, int kernel, int accumulate)
{
    DepthwiseImages<T> images{x, rows, bias, y, high, wide, channels, kernel, accumulate != 0};
    bool packs = channels % Lanes<T>::count == 0 && isAligned16(x) && isAligned16(rows) && isAligned16(y);
    if (packs && kernel == DepthwiseTaps)
        images.template all<Lanes<T>::count, DepthwiseTaps>(lines);
    else if (packs)
        images.template all<Lanes<T>::count, 0>(lines);
    else
        images.template all<1, 0>(lines);
}

/// Sums for one row of taps: dy times x, shifted by each tap of the group.
template<class T> struct DepthwiseTapRows
{
    const T* dy;
    const T* x;
    int high, wide, channels, kernel, tapRow, firstTap;

    template<int N> DEVICE void add(float (&sums)[DepthwiseTaps][N], int position, int channel) const
    {
        int column = position % wide, line = position / wide, row = line % high, from = row + tapRow - kernel / 2;
        if (from < 0 || from >= high)
            return;
        float gradient[N], value[N];
        loadPacked<N>(gradient, dy + (i64)position * channels + channel);
        const T* source = x + (i64)(line - row + from) * wide * channels + channel;
#pragma unroll
        for (int k = 0; k < DepthwiseTaps; k++)
        {
            int tap = firstTap + k, place = column + tap - kernel / 2;
            if (tap >= kernel || place < 0 || place >= wide)
                continue;
            loadPacked<N>(value, source + (i64)place * channels);
#pragma unroll
            for (int i = 0; i < N; i++)
                sums[k][i] += gradient[i] * value[i];
        }
    }
};

template<class T> DEVICE void depthwiseWeightSums(
    const T* dy, const T* x, float* partial, int positions, int high, int wide, int channels, int kernel, int packed)
{
    int groups = ceilDivide(kernel, DepthwiseTaps), tapRow = (int)blockIdx.z / groups, firstTap = (int)blockIdx.z % groups * DepthwiseTaps;
    DepthwiseTapRows<T> row{dy, x, high, wide, channels, kernel, tapRow, firstTap};
    float* sums = partial + (i64)blockIdx.z * DepthwiseTaps * gridDim.y * channels;
    if (packed)
        columnSums<DepthwiseTaps, Lanes<float>::count>(positions, channels, row, sums);
    else
        columnSums<DepthwiseTaps, 1>(positions, channels, row, sums);
}

// maths        rows[tap, c] = weight[c, tap], or weight[c, taps - 1 - tap] where turned
// layout       weight [channels, taps], rows [taps, channels]
// launch       FlatGeometry(channels taps, float32)
// determinism  one thread an element
// CPU twin     DepthwiseFilters.Pack
extern "C" __global__ void __launch_bounds__(256) depthwise_filter_rows_f32(const float* weight, float* rows, int channels, int taps, int turned)
{
    for (i64 i = globalThread(); i < (i64)channels * taps; i += globalThreads())
    {
        int tap = (int)(i / channels), channel = (int)(i % channels);
        rows[i] = weight[(i64)channel * taps + (turned ? taps - 1 - tap : tap)];
    }
}

// maths        y (+)= bias + sum over taps of x, shifted, times its row of the filters
// layout       x, y [lines = samples high, wide, channels]; rows [kernel kernel, channels]; bias [channels] or absent
// launch       FlatGeometry(elements of y / 4, type)
// determinism  one thread a result, taps in row-major order
// CPU twin     CpuBackend.DepthwiseConvolution, DepthwiseConvolutionInputGradient
extern "C" __global__ void __launch_bounds__(256) depthwise_convolution_f32(
    const float* x, const float* rows, const float* bias, float* y, i64 lines, int high, int wide, int channels, int kernel, int accumulate)
{
    depthwiseConvolution(x, rows, bias, y, lines, high, wide, channels, kernel, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) depthwise_convolution_bf16(
    const bf16* x, const float* rows, const float* bias, bf16* y, i64 lines, int high, int wide, int channels, int kernel, int accumulate)
{
    depthwiseConvolution(x, rows, bias, y, lines, high, wide, channels, kernel, accumulate);
}

// maths        partial[tap row, group, tap of it, chunk, c] = sum over the chunk's positions of dy times x, shifted by the tap
// layout       dy, x [positions, channels]; partial [kernel, groups of 7 taps, 7, chunks, channels]
// launch       ColumnGeometry(positions, channels, float32, aligned), grid z: rows of taps times groups
// determinism  as columns_sum
// CPU twin     CpuBackend.DepthwiseConvolutionWeightGradient
extern "C" __global__ void __launch_bounds__(256) depthwise_weight_sums_f32(
    const float* dy, const float* x, float* partial, int positions, int high, int wide, int channels, int kernel, int packed)
{
    depthwiseWeightSums(dy, x, partial, positions, high, wide, channels, kernel, packed);
}

extern "C" __global__ void __launch_bounds__(256) depthwise_weight_sums_bf16(
    const bf16* dy, const bf16* x, float* partial, int positions, int high, int wide, int channels, int kernel, int packed)
{
    depthwiseWeightSums(dy, x, partial, positions, high, wide, channels, kernel, packed);
}

// maths        dweight[c, tap] (+)= sum over chunks of partial
// layout       as depthwise_weight_sums; dweight [channels, kernel, kernel]
// launch       FlatGeometry(channels taps, float32)
// determinism  one thread an element, chunks in order, in double
// CPU twin     WeightGradientTotal
extern "C" __global__ void __launch_bounds__(256) depthwise_weight_total_f32(
    const float* partial, float* dweight, int chunks, int channels, int kernel, int accumulate)
{
    int groups = ceilDivide(kernel, DepthwiseTaps), taps = kernel * kernel;
    for (i64 i = globalThread(); i < (i64)channels * taps; i += globalThreads())
    {
        int tap = (int)(i / channels), channel = (int)(i % channels), tapRow = tap / kernel, tapColumn = tap % kernel;
        int set = (tapRow * groups + tapColumn / DepthwiseTaps) * DepthwiseTaps + tapColumn % DepthwiseTaps;
        const float* from = partial + (i64)set * chunks * channels + channel;
        double sum = 0;
        for (int chunk = 0; chunk < chunks; chunk++)
            sum += from[(i64)chunk * channels];
        float* destination = dweight + (i64)channel * taps + tap;
        *destination = (float)(sum + (accumulate ? *destination : 0.0f));
    }
}
