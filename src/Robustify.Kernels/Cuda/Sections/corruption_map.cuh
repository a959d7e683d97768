// Pixel maps of the ImageNet-C family on batches of 8-bit images [images, height, width, channels], in double on x / 255, each
// product and each sum rounded by itself as on the host: truncation to 8 bits shows the last bit. Constants come as the bits of a double.

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
