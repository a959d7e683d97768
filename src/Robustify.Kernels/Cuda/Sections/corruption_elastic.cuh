// Elastic transform of the ImageNet-C family on batches of 8-bit images [images, height, width, channels], to the host's bit.

/// OpenCV's inverse affine map: x_in = a x + b y + c and y_in = d x + e y + f.
struct AffineMap
{
    double a, b, c, d, e, f;
};

// maths        warped = x / 255 under each image's map: coordinates in 1/32 pixel, bilinear in single precision, borders mirrored about the edge
// layout       x, warped [images, height, width, channels]; maps [images]
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     JitteredAffine, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_warp_u8(
    const u8* x, float* warped, const AffineMap* maps, int images, int height, int width, int channels)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        AffineMap map = maps[place.image];
        // Ten bits of fraction are summed and then cut to five; 16 is half of what is cut.
        int inX = __double2int_rn(__dmul_rn(__dadd_rn(__dmul_rn(map.b, place.row), map.c), 1024)) + 16;
        int inY = __double2int_rn(__dmul_rn(__dadd_rn(__dmul_rn(map.e, place.row), map.f), 1024)) + 16;
        inX = (inX + __double2int_rn(__dmul_rn(__dmul_rn(map.a, place.column), 1024))) >> 5;
        inY = (inY + __double2int_rn(__dmul_rn(__dmul_rn(map.d, place.column), 1024))) >> 5;
        float fx = (inX & 31) * (1.0f / 32), fy = (inY & 31) * (1.0f / 32);
        int left = reflect101(inX >> 5, width), right = reflect101((inX >> 5) + 1, width);
        int top = reflect101(inY >> 5, height), bottom = reflect101((inY >> 5) + 1, height);
        const u8* image = x + place.image * height * width * channels;
        for (int channel = 0; channel < channels; channel++)
        {
            auto at = [&](int row, int column) { return (float)(image[((i64)row * width + column) * channels + channel] / 255.0); };
            float sum = __fadd_rn(
                __fmul_rn(at(top, left), __fmul_rn(1 - fy, 1 - fx)), __fmul_rn(at(top, right), __fmul_rn(1 - fy, fx)));
            sum = __fadd_rn(sum, __fmul_rn(at(bottom, left), __fmul_rn(fy, 1 - fx)));
            warped[i * channels + channel] = __fadd_rn(sum, __fmul_rn(at(bottom, right), __fmul_rn(fy, fx)));
        }
    }
}

// maths        field = U(-1, 1)
// layout       field [images, pixels]; sampleIds [images]
// launch       ForSamples(images, pixels, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     ElasticTransform, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_field_f64(
    double* field, const int* sampleIds, int images, int pixels, u64 seed, u32 purpose, u32 epoch, u32 firstBlock)
{
    eachDrawnElement(
        sampleIds, images, pixels, seed, purpose, epoch, [&](i64 offset, int count, const PhiloxWords& words, int, i64) {
#pragma unroll
            for (int i = 0; i < DrawElements; i++)
                if (i < count)
                    field[offset + i] = __dadd_rn(words.word[i] * (1 / 2147483648.0), -1);
        },
        firstBlock);
}

// maths        y(row, column) = warped(row + alpha dy, column + alpha dx), bilinear in double, borders mirrored with the edge repeated
// layout       warped, y [images, height, width, channels]; dx, dy [images, height, width], absent for none
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     Displacement, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_displace_u8(
    const float* warped, const double* dx, const double* dy, u8* y, int images, int height, int width, int channels, i64 alphaBits)
{
    double alpha = __longlong_as_double(alphaBits);
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        double inX = __dadd_rn(place.column, dx ? (float)__dmul_rn(dx[i], alpha) : 0.0f);
        double inY = __dadd_rn(place.row, dy ? (float)__dmul_rn(dy[i], alpha) : 0.0f);
        double wholeX = floor(inX), wholeY = floor(inY), fx = inX - wholeX, fy = inY - wholeY;
        int left = reflect((int)wholeX, width), right = reflect((int)wholeX + 1, width);
        int top = reflect((int)wholeY, height), bottom = reflect((int)wholeY + 1, height);
        const float* image = warped + place.image * height * width * channels;
        for (int channel = 0; channel < channels; channel++)
        {
            auto at = [&](int row, int column) { return (double)image[((i64)row * width + column) * channels + channel]; };
            double sum = __dadd_rn(
                __dmul_rn(at(top, left), __dmul_rn(1 - fy, 1 - fx)), __dmul_rn(at(top, right), __dmul_rn(1 - fy, fx)));
            sum = __dadd_rn(sum, __dmul_rn(at(bottom, left), __dmul_rn(fy, 1 - fx)));
            sum = __dadd_rn(sum, __dmul_rn(at(bottom, right), __dmul_rn(fy, fx)));
            y[i * channels + channel] = (u8)__fmul_rn(fminf(fmaxf((float)sum, 0.0f), 1.0f), 255.0f);
        }
    }
}
