// Pixel maps and blurs of the ImageNet-C family on batches of 8-bit images [images, height, width, channels], in double on x / 255, each
// product and each sum rounded by itself as on the host: truncation to 8 bits shows the last bit. Constants come as the bits of a double.

/// Clipped to [0, 1], times 255, truncated.
DEVICE u8 unitToByte(double value) { return (u8)__dmul_rn(smaller(larger(value, 0.0), 1.0), 255.0); }

struct Hsv
{
    double hue, saturation, value;
};

struct Rgb
{
    double red, green, blue;
};

/// A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978; hue is a full turn at 1.
DEVICE Hsv toHsv(double red, double green, double blue)
{
    double value = larger(larger(red, green), blue), delta = value - smaller(smaller(red, green), blue);
    if (delta == 0)
        return Hsv{0, 0, value};
    // On ties the later channel wins, hence blue first.
    double sextant = blue == value ? 4 + (red - green) / delta : green == value ? 2 + (blue - red) / delta : (green - blue) / delta;
    double turn = sextant / 6;
    return Hsv{turn < 0 ? turn + 1 : turn, delta / value, value};
}

DEVICE Rgb toRgb(const Hsv& colour)
{
    double value = colour.value, sixfold = __dmul_rn(colour.hue, 6), sector = floor(sixfold), fraction = sixfold - sector;
    double p = value * (1 - colour.saturation);
    double q = value * __dadd_rn(1, -__dmul_rn(fraction, colour.saturation));
    double t = value * __dadd_rn(1, -__dmul_rn(1 - fraction, colour.saturation));
    switch ((int)sector % 6)
    {
        case 0: return Rgb{value, t, p};
        case 1: return Rgb{q, value, p};
        case 2: return Rgb{p, value, t};
        case 3: return Rgb{p, q, value};
        case 4: return Rgb{t, p, value};
        default: return Rgb{value, p, q};
    }
}

DEVICE void storeRgb(u8* destination, const Rgb& colour)
{
    destination[0] = unitToByte(colour.red);
    destination[1] = unitToByte(colour.green);
    destination[2] = unitToByte(colour.blue);
}

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

// maths        the value of HSV plus `added`, clipped at 1; a grey level is its own value
// layout       x, y [pixels, channels], channels 1 or 3
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     Brightness, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_brightness_u8(const u8* x, u8* y, i64 pixels, int channels, i64 addedBits)
{
    double added = __longlong_as_double(addedBits);
    for (i64 i = globalThread(); i < pixels; i += globalThreads())
    {
        const u8* from = x + i * channels;
        if (channels == 1)
        {
            y[i] = unitToByte(from[0] / 255.0 + added);
            continue;
        }
        Hsv colour = toHsv(from[0] / 255.0, from[1] / 255.0, from[2] / 255.0);
        colour.value = smaller(colour.value + added, 1.0);
        storeRgb(y + i * 3, toRgb(colour));
    }
}

// maths        the saturation of HSV times `factor` plus `term`, clipped to [0, 1]; a grey image as grey pixels, back to grey by luma
// layout       x, y [pixels, channels], channels 1 or 3
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     Saturate, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_saturate_u8(
    const u8* x, u8* y, i64 pixels, int channels, i64 factorBits, i64 termBits)
{
    double factor = __longlong_as_double(factorBits), term = __longlong_as_double(termBits);
    for (i64 i = globalThread(); i < pixels; i += globalThreads())
    {
        const u8* from = x + i * channels;
        if (channels == 1)
        {
            Rgb colour = toRgb(Hsv{0, term, from[0] / 255.0});
            y[i] = (u8)((19595 * unitToByte(colour.red) + 38470 * unitToByte(colour.green) + 7471 * unitToByte(colour.blue) + 32768) >> 16);
            continue;
        }
        Hsv colour = toHsv(from[0] / 255.0, from[1] / 255.0, from[2] / 255.0);
        colour.saturation = smaller(larger(__dadd_rn(__dmul_rn(colour.saturation, factor), term), 0.0), 1.0);
        storeRgb(y + i * 3, toRgb(colour));
    }
}

// maths        sums[n, c] = sum of the levels of image n's channel c: whole numbers, exact in double
// layout       x [images, pixels, channels], sums [images, channels]
// launch       grid (images, channels), block 256
// determinism  exact
// CPU twin     Contrast
extern "C" __global__ void __launch_bounds__(256) corruption_contrast_sums_u8(const u8* x, double* sums, i64 pixels, int channels)
{
    __shared__ double slots[8];
    const u8* from = x + (i64)blockIdx.x * pixels * channels + blockIdx.y;
    double sum = 0;
    for (i64 i = threadIdx.x; i < pixels; i += blockDim.x)
        sum += from[i * channels];
    sum = blockSum(sum, slots);
    if (threadIdx.x == 0)
        sums[blockIdx.x * channels + blockIdx.y] = sum;
}

// maths        y = (x - mean) factor + mean per image and channel
// layout       x, y [images, pixels, channels], sums [images, channels]
// launch       grid (images, parts of an image, channels), block 256
// determinism  one thread an element
// CPU twin     Contrast, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_contrast_u8(
    const u8* x, u8* y, const double* sums, i64 pixels, int channels, i64 factorBits)
{
    double factor = __longlong_as_double(factorBits), mean = sums[(i64)blockIdx.x * channels + blockIdx.z] / 255.0 / pixels;
    i64 offset = blockIdx.x * pixels * channels + blockIdx.z, stride = (i64)gridDim.y * blockDim.x;
    for (i64 i = (i64)blockIdx.y * blockDim.x + threadIdx.x; i < pixels; i += stride)
        y[offset + i * channels] = unitToByte(__dadd_rn(__dmul_rn(x[offset + i * channels] / 255.0 - mean, factor), mean));
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

// maths        columns[y, .] = w_0 u[y] + sum over k = radius..1 of w_k (u[y - k] + u[y + k]), edge rows repeated
// layout       units, columns [images, height, row], row = width * channels; weights [radius + 1]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element; pairs from the outside in
// CPU twin     GaussianFilter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_gaussian_columns_u8(
    const double* units, double* columns, const double* weights, int images, int height, int row, int radius)
{
    i64 count = (i64)images * height * row;
    for (i64 i = globalThread(); i < count; i += globalThreads())
    {
        int line = (int)(i / row % height);
        const double* at = units + (i - (i64)line * row);
        double sum = __dmul_rn(at[(i64)line * row], weights[0]);
        for (int k = radius; k > 0; k--)
        {
            double above = at[(i64)larger(line - k, 0) * row], below = at[(i64)smaller(line + k, height - 1) * row];
            sum = __dadd_rn(sum, __dmul_rn(__dadd_rn(above, below), weights[k]));
        }
        columns[i] = sum;
    }
}

// maths        y = the same along the rows of columns, truncated to 8 bits
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
        const double* at = columns + (i - (i64)column * channels);
        double sum = __dmul_rn(at[(i64)column * channels], weights[0]);
        for (int k = radius; k > 0; k--)
        {
            double left = at[(i64)larger(column - k, 0) * channels], right = at[(i64)smaller(column + k, width - 1) * channels];
            sum = __dadd_rn(sum, __dmul_rn(__dadd_rn(left, right), weights[k]));
        }
        y[i] = unitToByte(sum);
    }
}
