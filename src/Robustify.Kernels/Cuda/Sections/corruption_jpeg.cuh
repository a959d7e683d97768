// JPEG and back on batches of 8-bit images [images, height, width, channels]: libjpeg's baseline at 4:2:0 without the entropy code, which
// loses nothing, in whole numbers as on the host.

/// Rounded to `bits` fewer.
DEVICE int descale(int value, int bits) { return (value + (1 << (bits - 1))) >> bits; }

/// The rotations that the odd half of both transforms shares.
struct OddTerms
{
    int z1, z2, z3, z4;
};

DEVICE OddTerms oddTerms(int a, int b, int c, int d)
{
    int z3 = a + c, z4 = b + d, z5 = (z3 + z4) * 9633; // 1.175875602
    return OddTerms{(a + d) * -7373, (b + c) * -20995, z5 - z3 * 16069, z5 - z4 * 3196}; // 0.899976223, 2.562915447, 1.961570560, 0.390180644
}

/// One pass of the accurate integer transform ("islow") over eight values that lie `step` apart; two bits more are kept between the passes.
DEVICE void forwardTransform(int* b, int step, bool first)
{
    int even0 = b[0] + b[7 * step], odd7 = b[0] - b[7 * step], even1 = b[step] + b[6 * step], odd6 = b[step] - b[6 * step];
    int even2 = b[2 * step] + b[5 * step], odd5 = b[2 * step] - b[5 * step], even3 = b[3 * step] + b[4 * step], odd4 = b[3 * step] - b[4 * step];
    int t10 = even0 + even3, t13 = even0 - even3, t11 = even1 + even2, t12 = even1 - even2;
    int shift = first ? 11 : 15;
    b[0] = first ? (t10 + t11) * 4 : descale(t10 + t11, 2);
    b[4 * step] = first ? (t10 - t11) * 4 : descale(t10 - t11, 2);
    int common = (t12 + t13) * 4433; // 0.541196100
    b[2 * step] = descale(common + t13 * 6270, shift);  // 0.765366865
    b[6 * step] = descale(common - t12 * 15137, shift); // 1.847759065
    OddTerms odd = oddTerms(odd4, odd5, odd6, odd7);
    b[7 * step] = descale(odd4 * 2446 + odd.z1 + odd.z3, shift);  // 0.298631336
    b[5 * step] = descale(odd5 * 16819 + odd.z2 + odd.z4, shift); // 2.053119869
    b[3 * step] = descale(odd6 * 25172 + odd.z2 + odd.z3, shift); // 3.072711026
    b[step] = descale(odd7 * 12299 + odd.z1 + odd.z4, shift);     // 1.501321110
}

DEVICE void inverseTransform(int* b, int step, int shift)
{
    int common = (b[2 * step] + b[6 * step]) * 4433, e2 = common - b[6 * step] * 15137, e3 = common + b[2 * step] * 6270;
    int e0 = (b[0] + b[4 * step]) * 8192, e1 = (b[0] - b[4 * step]) * 8192;
    int t10 = e0 + e3, t13 = e0 - e3, t11 = e1 + e2, t12 = e1 - e2;
    OddTerms odd = oddTerms(b[7 * step], b[5 * step], b[3 * step], b[step]);
    int o0 = b[7 * step] * 2446 + odd.z1 + odd.z3, o1 = b[5 * step] * 16819 + odd.z2 + odd.z4;
    int o2 = b[3 * step] * 25172 + odd.z2 + odd.z3, o3 = b[step] * 12299 + odd.z1 + odd.z4;
    b[0] = descale(t10 + o3, shift);
    b[7 * step] = descale(t10 - o3, shift);
    b[step] = descale(t11 + o2, shift);
    b[6 * step] = descale(t11 - o2, shift);
    b[2 * step] = descale(t12 + o1, shift);
    b[5 * step] = descale(t12 - o1, shift);
    b[3 * step] = descale(t13 + o0, shift);
    b[4 * step] = descale(t13 - o0, shift);
}

DEVICE u8 clipToByte(int value) { return (u8)smaller(larger(value, 0), 255); }

// maths        x to YCbCr in 16-bit fixed point; chroma is the mean of 2x2, its rounding alternating between 1/4 and 1/2; the edge repeated
// layout       x [images, height, width, 3]; luma [images, rows, stride], blue and red [images, rows / 2, stride / 2], whole units of 16x16
// launch       FlatGeometry(images * rows / 2 * stride / 2, Float32): a thread a chroma sample
// determinism  integers
// CPU twin     ColourConversion and ChromaSampling
extern "C" __global__ void __launch_bounds__(256) corruption_jpeg_split_u8(
    const u8* x, u8* luma, u8* blue, u8* red, int images, int height, int width, int rows, int stride)
{
    int halfStride = stride / 2, halfRows = rows / 2;
    for (i64 i = globalThread(); i < (i64)images * halfRows * halfStride; i += globalThreads())
    {
        Place place = placeOf(i, halfRows, halfStride, 1);
        int blueSum = 0, redSum = 0;
        for (int corner = 0; corner < 4; corner++)
        {
            int row = 2 * place.row + corner / 2, column = 2 * place.column + corner % 2;
            const u8* from = x + ((place.image * height + smaller(row, height - 1)) * width + smaller(column, width - 1)) * 3;
            int r = from[0], g = from[1], b = from[2];
            luma[(place.image * rows + row) * stride + column] = (u8)((r * 19595 + g * 38470 + b * 7471 + (1 << 15)) >> 16);
            blueSum += (b * 32768 - r * 11059 - g * 21709 + (128 << 16) + (1 << 15) - 1) >> 16;
            redSum += (r * 32768 - g * 27439 - b * 5329 + (128 << 16) + (1 << 15) - 1) >> 16;
        }
        int rounding = 1 + (place.column & 1);
        blue[i] = (u8)((blueSum + rounding) >> 2);
        red[i] = (u8)((redSum + rounding) >> 2);
    }
}

// maths        plane = x, the edge repeated
// layout       x [images, height, width]; plane [images, rows, stride], whole blocks of 8x8
// launch       FlatGeometry(images * rows * stride, Float32)
// determinism  one thread an element
// CPU twin     JpegRoundTrip
extern "C" __global__ void __launch_bounds__(256) corruption_jpeg_pad_u8(
    const u8* x, u8* plane, int images, int height, int width, int rows, int stride)
{
    for (i64 i = globalThread(); i < (i64)images * rows * stride; i += globalThreads())
    {
        Place place = placeOf(i, rows, stride, 1);
        plane[i] = x[(place.image * height + smaller(place.row, height - 1)) * width + smaller(place.column, width - 1)];
    }
}

// maths        every block of 8x8 transformed, quantised (half away from zero), and back, clipped
// layout       plane [lines, stride], both multiples of 8, in place; steps [64]
// launch       FlatGeometry(lines * stride / 64, Float32): a thread a block
// determinism  integers
// CPU twin     BlockTransform
extern "C" __global__ void __launch_bounds__(256) corruption_jpeg_blocks_u8(u8* plane, const int* steps, i64 lines, int stride)
{
    int blocksInLine = stride / 8;
    for (i64 i = globalThread(); i < lines / 8 * blocksInLine; i += globalThreads())
    {
        u8* samples = plane + i / blocksInLine * 8 * stride + i % blocksInLine * 8;
        int b[64];
        for (int k = 0; k < 64; k++)
            b[k] = samples[(i64)(k / 8) * stride + k % 8] - 128;
        for (int line = 0; line < 8; line++)
            forwardTransform(b + 8 * line, 1, true);
        for (int line = 0; line < 8; line++)
            forwardTransform(b + line, 8, false);
        for (int k = 0; k < 64; k++)
        {
            // The forward transform gives eight times the coefficients.
            int magnitude = b[k] < 0 ? -b[k] : b[k], level = (magnitude + 4 * steps[k]) / (8 * steps[k]) * steps[k];
            b[k] = b[k] < 0 ? -level : level;
        }
        for (int line = 0; line < 8; line++)
            inverseTransform(b + line, 8, 11);
        for (int line = 0; line < 8; line++)
            inverseTransform(b + 8 * line, 1, 18);
        for (int k = 0; k < 64; k++)
            samples[(i64)(k / 8) * stride + k % 8] = clipToByte(b[k] + 128);
    }
}

/// A chroma sample at full size: the nearer of two rows and of two columns counts three quarters. Planes of up to two columns are repeated.
DEVICE int doubledChroma(const u8* plane, int row, int column, int halfHeight, int halfWidth, int halfStride)
{
    const u8* nearer = plane + (i64)(row / 2) * halfStride;
    if (halfWidth <= 2)
        return nearer[column / 2];
    const u8* farther = plane + (i64)nearest(row / 2 + ((row & 1) ? 1 : -1), halfHeight) * halfStride;
    auto sum = [&](int at) { return 3 * nearer[at] + farther[at]; };
    int at = column / 2, beside = (column & 1) ? at + 1 : at - 1;
    int other = beside < 0 || beside >= halfWidth ? sum(at) : sum(beside);
    return (3 * sum(at) + other + ((column & 1) ? 7 : 8)) >> 4;
}

// maths        YCbCr back to x, chroma doubled by libjpeg's triangle filter
// layout       as in the split
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  integers
// CPU twin     ChromaSampling and ColourConversion
extern "C" __global__ void __launch_bounds__(256) corruption_jpeg_join_u8(
    const u8* luma, const u8* blue, const u8* red, u8* y, int images, int height, int width, int rows, int stride)
{
    int halfHeight = (height + 1) / 2, halfWidth = (width + 1) / 2;
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        i64 chroma = place.image * (rows / 2) * (stride / 2);
        int level = luma[(place.image * rows + place.row) * stride + place.column];
        int cb = doubledChroma(blue + chroma, place.row, place.column, halfHeight, halfWidth, stride / 2) - 128;
        int cr = doubledChroma(red + chroma, place.row, place.column, halfHeight, halfWidth, stride / 2) - 128;
        y[3 * i] = clipToByte(level + ((cr * 91881 + (1 << 15)) >> 16));
        y[3 * i + 1] = clipToByte(level + (((1 << 15) - cb * 22554 - cr * 46802) >> 16));
        y[3 * i + 2] = clipToByte(level + ((cb * 116130 + (1 << 15)) >> 16));
    }
}

// maths        y = the inner part of plane
// layout       plane [images, rows, stride], y [images, height, width]
// launch       FlatGeometry(pixels, Float32)
// determinism  one thread an element
// CPU twin     JpegRoundTrip
extern "C" __global__ void __launch_bounds__(256) corruption_jpeg_cut_u8(
    const u8* plane, u8* y, int images, int height, int width, int rows, int stride)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        y[i] = plane[(place.image * rows + place.row) * stride + place.column];
    }
}
