// Batches of 8-bit images [images, height, width, channels]: what a loader does to them, with the host's arithmetic to the bit. Any grid of
// one-dimensional blocks (256 threads), a thread an element of the result.

/// Fraction bits of resampling weights: 32 less 8 for the pixel and 2 for weights beyond 1 and below 0, as Pillow has it.
constexpr int ResampleBits = 22;

/// Per-channel constants of a pixel map, passed by value.
struct ChannelConstants
{
    float scale[3];
    float shift[3];
};

/// Multiplied and added apart, never fused, as the host does.
template<class T> DEVICE void normalizePixels(const u8* x, T* y, i64 count, int channels, const ChannelConstants& constants)
{
    for (i64 i = globalThread(); i < count; i += globalThreads())
    {
        u32 channel = (u32)i % (u32)channels;
        float scale = channel == 0 ? constants.scale[0] : channel == 1 ? constants.scale[1] : constants.scale[2];
        float shift = channel == 0 ? constants.shift[0] : channel == 1 ? constants.shift[1] : constants.shift[2];
        store(y + i, __fadd_rn(__fmul_rn(toFloat(x[i]), scale), shift));
    }
}

/// One target of a resampling: its weights times pixels that lie `step` apart, rounded and clamped.
DEVICE u8 resample(const u8* first, i64 step, const int* weights, int count)
{
    int sum = 1 << (ResampleBits - 1);
    for (int k = 0; k < count; k++)
        sum += (int)first[k * step] * weights[k];
    return (u8)smaller(larger(sum >> ResampleBits, 0), 255);
}

// maths        y = x scale[channel] + shift[channel], rounded after the product and after the sum
// layout       x, y flat [count], channels (1 or 3) innermost; the constants of channel 0, 1, 2
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     Normalization.Apply
extern "C" __global__ void __launch_bounds__(256) image_normalize_f32(
    const u8* x, float* y, i64 count, int channels, float scale0, float scale1, float scale2, float shift0, float shift1, float shift2)
{
    normalizePixels(x, y, count, channels, ChannelConstants{{scale0, scale1, scale2}, {shift0, shift1, shift2}});
}

extern "C" __global__ void __launch_bounds__(256) image_normalize_bf16(
    const u8* x, bf16* y, i64 count, int channels, float scale0, float scale1, float scale2, float shift0, float shift1, float shift2)
{
    normalizePixels(x, y, count, channels, ChannelConstants{{scale0, scale1, scale2}, {shift0, shift1, shift2}});
}

// maths        y[., t, c] = sum_k weights[t, k] x[., first[t] + k, c] in 22-bit fixed point: antialiased resizing along the rows
// layout       x [lines, width, channels], y [lines, target, channels]; first, count [target], weights [target, stride]
// launch       FlatGeometry(lines * target * channels, Float32)
// determinism  integers
// CPU twin     Resampler: Pillow's result to the bit
extern "C" __global__ void __launch_bounds__(256) image_resample_rows_u8(
    const u8* x, const int* first, const int* count, const int* weights, u8* y, i64 lines, int width, int target, int channels, int stride)
{
    for (i64 i = globalThread(); i < lines * target * channels; i += globalThreads())
    {
        int channel = (int)(i % channels), t = (int)(i / channels % target);
        i64 line = i / channels / target;
        y[i] = resample(x + (line * width + first[t]) * channels + channel, channels, weights + (i64)t * stride, count[t]);
    }
}

// maths        y[n, t, .] = sum_k weights[t, k] x[n, first[t] + k, .]: the same along the columns
// layout       x [images, height, row], y [images, target, row], row = width * channels; the tables as before
// launch       FlatGeometry(images * target * row, Float32)
// determinism  integers
// CPU twin     Resampler: Pillow's result to the bit
extern "C" __global__ void __launch_bounds__(256) image_resample_columns_u8(
    const u8* x, const int* first, const int* count, const int* weights, u8* y, int images, int height, int target, int row, int stride)
{
    for (i64 i = globalThread(); i < (i64)images * target * row; i += globalThreads())
    {
        int column = (int)(i % row), t = (int)(i / row % target);
        i64 image = i / row / target;
        y[i] = resample(x + (image * height + first[t]) * row + column, row, weights + (i64)t * stride, count[t]);
    }
}

// maths        y[n, row, column] = sum_k down[row, k] (sum_j across[column, j] x_n[first + k, first + j]), each sum rounded to 8 bits; or x_n
// layout       x bytes; sources [images, 3] = first byte, columns, whether resized; weights [images, 2, side * (2 + stride)], across then down: the
//              targets' first pixels, their numbers of weights, their weights; y [images, side, side, channels]
// launch       FlatGeometry(pixels of y, Float32): a thread a pixel, which computes its own part of the first pass again: no memory between
// determinism  integers
// CPU twin     Resampler: Pillow's result to the bit
extern "C" __global__ void __launch_bounds__(256) image_resize_each_u8(
    const u8* x, const int* sources, const int* weights, u8* y, int images, int side, int channels, int stride)
{
    for (i64 i = globalThread(); i < (i64)images * side * side; i += globalThreads())
    {
        int column = (int)(i % side), row = (int)(i / side % side);
        i64 image = i / side / side;
        const int* source = sources + 3 * image;
        const u8* from = x + source[0];
        i64 line = (i64)source[1] * channels;
        u8* to = y + i * channels;
        if (!source[2])
        {
            for (int channel = 0; channel < channels; channel++)
                to[channel] = from[row * line + column * channels + channel];
            continue;
        }
        const int* across = weights + 2 * image * side * (2 + stride);
        const int* down = across + (i64)side * (2 + stride);
        const int* own = across + 2 * side + (i64)column * stride;
        const int* lines = down + 2 * side + (i64)row * stride;
        from += down[row] * line + (i64)across[column] * channels;
        for (int channel = 0; channel < channels; channel++)
        {
            int sum = 1 << (ResampleBits - 1);
            for (int k = 0; k < down[side + row]; k++)
                sum += (int)resample(from + k * line + channel, channels, own, across[side + column]) * lines[k];
            to[channel] = (u8)smaller(larger(sum >> ResampleBits, 0), 255);
        }
    }
}

// maths        y[n] = the window of x[n] whose corner is (left, top), mirrored left to right where flip is not 0; outside is black
// layout       x [images, height, width, channels], windows [images, 3] = left, top, flip; y [images, targetHeight, targetWidth, channels]
// launch       FlatGeometry(elements of y, Float32)
// determinism  one thread an element
// CPU twin     ImageGeometry.Crop, ImageGeometry.FlipHorizontally
extern "C" __global__ void __launch_bounds__(256) image_crop_flip_u8(
    const u8* x, const int* windows, u8* y, int images, int height, int width, int targetHeight, int targetWidth, int channels)
{
    for (i64 i = globalThread(); i < (i64)images * targetHeight * targetWidth * channels; i += globalThreads())
    {
        int channel = (int)(i % channels), column = (int)(i / channels % targetWidth), row = (int)(i / channels / targetWidth % targetHeight);
        i64 image = i / channels / targetWidth / targetHeight;
        const int* window = windows + 3 * image;
        i64 fromColumn = (i64)window[0] + (window[2] ? targetWidth - 1 - column : column), fromRow = (i64)window[1] + row;
        bool inside = fromColumn >= 0 && fromColumn < width && fromRow >= 0 && fromRow < height;
        y[i] = inside ? x[((image * height + fromRow) * width + fromColumn) * channels + channel] : (u8)0;
    }
}
