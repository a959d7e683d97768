// Blurs of the ImageNet-C family on batches of 8-bit images [images, height, width, channels]; a thread an element. Each product and each sum
// is rounded by itself as on the host: truncation to 8 bits shows the last bit.

/// Clipped to [0, 1], times 255, truncated.
DEVICE u8 unitToByte(double value) { return (u8)__dmul_rn(smaller(larger(value, 0.0), 1.0), 255.0); }

/// Mirrored about the edge pixel; period 2 size - 2.
DEVICE int reflect101(int index, int size)
{
    if ((u32)index < (u32)size)
        return index;
    if (size == 1)
        return 0;
    int period = 2 * size - 2, folded = (index % period + period) % period;
    return folded < size ? folded : period - folded;
}

/// Mirrored with the edge pixel repeated; period 2 size.
DEVICE int reflect(int index, int size)
{
    if ((u32)index < (u32)size)
        return index;
    int period = 2 * size, folded = (index % period + period) % period;
    return folded < size ? folded : period - 1 - folded;
}

DEVICE int nearest(int index, int size) { return smaller(larger(index, 0), size - 1); }

/// Where an element of [images, height, width, channels] lies.
struct Place
{
    int channel, column, row;
    i64 image;
};

DEVICE Place placeOf(i64 index, int height, int width, int channels)
{
    i64 pixel = index / channels, line = pixel / width;
    return Place{(int)(index - pixel * channels), (int)(pixel - line * width), (int)(line % height), line / height};
}

// maths        y = sum over rings of weight times the sum of the ring's bytes (exact integers); borders mirrored about the edge pixel
// layout       x, y [images, height, width, channels]; offsets [taps, 2] = x, y, ring after ring; ends [rings]: the tap after each ring's
//              last; weights [rings], already divided by 255
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; rings in order
// CPU twin     DefocusBlur, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_defocus_blur_u8(
    const u8* x, u8* y, const int* offsets, const int* ends, const double* weights, int images, int height, int width, int channels, int rings)
{
    i64 count = (i64)images * height * width * channels;
    for (i64 i = globalThread(); i < count; i += globalThreads())
    {
        int channel = (int)(i % channels), column = (int)(i / channels % width), row = (int)(i / channels / width % height);
        const u8* image = x + i / channels / width / height * height * width * channels + channel;
        double total = 0;
        int tap = 0;
        for (int ring = 0; ring < rings; ring++)
        {
            int sum = 0;
            for (; tap < ends[ring]; tap++)
            {
                int fromColumn = reflect101(column + offsets[2 * tap], width), fromRow = reflect101(row + offsets[2 * tap + 1], height);
                sum += image[((i64)fromRow * width + fromColumn) * channels];
            }
            total = __fma_rn((double)sum, weights[ring], total);
        }
        y[i] = unitToByte(total);
    }
}

// maths        units = x / 255, once for each element and not for each tap that reads it
// layout       x, units flat [count]
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     UnitRange.FromBytes
extern "C" __global__ void __launch_bounds__(256) corruption_units_u8(const u8* x, double* units, i64 count)
{
    for (i64 i = globalThread(); i < count; i += globalThreads())
        units[i] = x[i] / 255.0;
}

/// One pixel of a Gaussian: w_0 at[i] + sum over k = radius..1 of w_k (at[i - k] + at[i + k]), pairs from the outside in.
DEVICE double gaussian(const double* at, int index, int size, i64 step, const double* weights, int radius, bool mirrored)
{
    double sum = __dmul_rn(at[index * step], weights[0]);
    for (int k = radius; k > 0; k--)
    {
        int before = mirrored ? reflect(index - k, size) : nearest(index - k, size);
        int after = mirrored ? reflect(index + k, size) : nearest(index + k, size);
        sum = __dadd_rn(sum, __dmul_rn(__dadd_rn(at[before * step], at[after * step]), weights[k]));
    }
    return sum;
}

// maths        columns = a Gaussian of x along the columns; the edge row repeated, or mirrored with it repeated
// layout       x, columns [images, height, row], row = width * channels; weights [radius + 1]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; pairs from the outside in
// CPU twin     GaussianFilter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_gaussian_columns_f64(
    const double* x, double* columns, const double* weights, int images, int height, int row, int radius, int mirrored)
{
    i64 count = (i64)images * height * row;
    for (i64 i = globalThread(); i < count; i += globalThreads())
    {
        int line = (int)(i / row % height);
        columns[i] = gaussian(x + (i - (i64)line * row), line, height, row, weights, radius, mirrored);
    }
}

// maths        y = the same along the rows
// layout       columns, y [lines, width, channels]; weights [radius + 1]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; pairs from the outside in
// CPU twin     GaussianFilter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_gaussian_rows_f64(
    const double* columns, double* y, const double* weights, i64 lines, int width, int channels, int radius, int mirrored)
{
    for (i64 i = globalThread(); i < lines * width * channels; i += globalThreads())
    {
        int column = (int)(i / channels % width);
        y[i] = gaussian(columns + (i - (i64)column * channels), column, width, channels, weights, radius, mirrored);
    }
}

// maths        y = the same along the rows, truncated to 8 bits; the edge pixel repeated
// layout       columns, y [lines, width, channels]; weights [radius + 1]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; pairs from the outside in
// CPU twin     GaussianFilter and GaussianBlur, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_gaussian_rows_u8(
    const double* columns, u8* y, const double* weights, i64 lines, int width, int channels, int radius)
{
    for (i64 i = globalThread(); i < lines * width * channels; i += globalThreads())
    {
        int column = (int)(i / channels % width);
        y[i] = unitToByte(gaussian(columns + (i - (i64)column * channels), column, width, channels, weights, radius, false));
    }
}

// maths        pixels taken from near by in a scan from the bottom right to the top left, in which later pixels read what earlier ones took:
//              a pixel that reads an earlier one has what that one took, so each follows the chain of displacements to its end by itself
//              (a step goes on with probability 1/2)
// layout       x, y [images, height, width, channels], other memory; sampleIds [images]; the scan's words begin at block firstBlock, each
//              row of the scan at a block of its own
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  a draw depends on (seed, purpose, epoch, sample, pixel) alone
// CPU twin     GlassBlur's scan, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_glass_u8(
    const u8* x, u8* y, const int* sampleIds, int images, int height, int width, int channels, u64 seed, u32 purpose, u32 epoch, u32 firstBlock,
    int delta)
{
    u32 blocksInRow = (u32)ceilDivide(2 * larger(width - 2 * delta, 0), DrawElements);
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        int row = place.row, column = place.column;
        while (row > delta && row <= height - delta && column > delta && column <= width - delta)
        {
            int number = width - delta - column, pair = 2 * (number & 1);
            u32 block = firstBlock + (u32)(height - delta - row) * blocksInRow + (u32)(number >> 1);
            PhiloxWords words = philox(seed, purpose, epoch, (u32)sampleIds[place.image], block);
            int toColumn = column + (int)__umulhi(words.word[pair], 2u * delta) - delta;
            int toRow = row + (int)__umulhi(words.word[pair + 1], 2u * delta) - delta;
            bool isEarlier = toRow > row || (toRow == row && toColumn > column);
            row = toRow;
            column = toColumn;
            if (!isEarlier)
                break;
        }
        const u8* from = x + ((place.image * height + row) * width + column) * channels;
        for (int channel = 0; channel < channels; channel++)
            y[i * channels + channel] = from[channel];
    }
}

// maths        y = floor(sum over taps of w_i x[row + stepY_i, column + stepX_i] + 1/514), the edge repeated
// layout       x, y [images, height, width, channels]; steps [images, taps, 2] = x, y; weights [taps]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; taps in order, fused
// CPU twin     MotionFilter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_motion_u8(
    const u8* x, u8* y, const int* steps, const float* weights, int images, int height, int width, int channels, int taps)
{
    for (i64 i = globalThread(); i < (i64)images * height * width * channels; i += globalThreads())
    {
        Place place = placeOf(i, height, width, channels);
        const u8* image = x + place.image * height * width * channels + place.channel;
        const int* step = steps + place.image * 2 * taps;
        float sum = 1.0f / 514;
        for (int tap = 0; tap < taps; tap++)
        {
            int column = nearest(place.column + step[2 * tap], width), row = nearest(place.row + step[2 * tap + 1], height);
            sum = fmaf(toFloat(image[((i64)row * width + column) * channels]), weights[tap], sum);
        }
        y[i] = levelToByte(sum);
    }
}

/// A pixel between four others, down the rows first; what lies behind the last row or column has no weight.
template<class TRead> DEVICE float interpolated(
    const TRead& read, int row, float rowFraction, int column, float columnFraction, int height, int width)
{
    int lower = smaller(row + 1, height - 1), right = smaller(column + 1, width - 1);
    float a = read(row, column), b = read(row, right);
    a = fmaf(read(lower, column) - a, rowFraction, a);
    b = fmaf(read(lower, right) - b, rowFraction, b);
    return fmaf(b - a, columnFraction, a);
}

// maths        y = (u + sum over factors of the middle of u enlarged) / (factors + 1), u = x / 255, clipped at 1
// layout       x, y [images, height, width, channels]; wholes and fractions [factors, width + height]: source positions of columns and rows
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; factors in order
// CPU twin     ZoomBlur, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_zoom_u8(
    const u8* x, u8* y, const int* wholes, const float* fractions, int images, int height, int width, int channels, int factors)
{
    for (i64 i = globalThread(); i < (i64)images * height * width * channels; i += globalThreads())
    {
        Place place = placeOf(i, height, width, channels);
        const u8* image = x + place.image * height * width * channels + place.channel;
        auto read = [&](int row, int column) { return (float)(image[((i64)row * width + column) * channels] / 255.0); };
        float sum = 0;
        for (int factor = 0; factor < factors; factor++)
        {
            const int* whole = wholes + (i64)factor * (width + height);
            const float* fraction = fractions + (i64)factor * (width + height);
            sum = __fadd_rn(sum, interpolated(
                read, whole[width + place.row], fraction[width + place.row], whole[place.column], fraction[place.column], height, width));
        }
        float mean = __fdiv_rn(__fadd_rn((float)(x[i] / 255.0), sum), (float)(factors + 1));
        y[i] = levelToByte(__fmul_rn(fminf(mean, 1.0f), 255.0f));
    }
}
