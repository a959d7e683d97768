// AugMix and PixMix on batches of 8-bit images [images, height, width, channels]. The host draws what happens to each image and the device
// does it: single steps with Pillow's arithmetic to the bit, mixtures in single precision, each product and each sum rounded by itself.

enum ImageStepKind
{
    StepCopy,
    StepAutocontrast,
    StepEqualize,
    StepPosterize,
    StepSolarize,
    StepBrightness,
    StepContrast,
    StepColor,
    StepSharpness,
    StepTranslate,
    StepAffine,
    StepCrop,
};

/// One operation on one image, as the host's ImageStep has it.
struct ImageStep
{
    i64 kind;
    double value[6];
};

/// Where the image of a work lies: the image itself, or one of `images` that rows share in turn, each with several chains.
DEVICE i64 imageOfWork(i64 work, int chains, int firstRow, int images) { return chains == 0 ? work : (firstRow + work / chains) % images; }

DEVICE u8 blendLevels(int degenerate, int value, float factor)
{
    return levelToByte(__fadd_rn((float)degenerate, __fmul_rn(factor, (float)(value - degenerate))));
}

DEVICE int lumaOf(const u8* pixel) { return (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 32768) >> 16; }

DEVICE bool isByTable(i64 kind) { return kind >= StepAutocontrast && kind <= StepContrast; }

/// An entry of the table of a plane whose levels were counted.
DEVICE int countedEntry(const int* counts, int level, int pixels, bool equalizes)
{
    int lowest = 0, highest = Levels - 1;
    while (counts[lowest] == 0)
        lowest++;
    while (counts[highest] == 0)
        highest--;
    if (equalizes)
    {
        int step = (pixels - counts[highest]) / 255, sum = step / 2;
        for (int below = 0; below < level; below++)
            sum += counts[below];
        return step == 0 ? level : smaller(sum / step, 255);
    }
    if (highest <= lowest)
        return level;
    double scale = 255.0 / (highest - lowest), offset = -lowest * scale;
    return smaller(larger((int)__dadd_rn(__dmul_rn(level, scale), offset), 0), 255);
}

// maths        for operations that map levels to levels, what each level of a channel becomes
// layout       x [images, pixels, channels]; tables [works, channels, 256]; steps [works]
// launch       grid (works, channels), block 256: a thread an entry
// determinism  counts and sums of whole numbers
// CPU twin     Autocontrast, Equalize, Posterize, Solarize, Brightness, Contrast, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_tables_u8(
    const u8* x, u8* tables, const ImageStep* steps, i64 pixels, int channels, int chains, int firstRow, int images)
{
    __shared__ int counts[Levels];
    __shared__ double slots[8];
    ImageStep step = steps[blockIdx.x];
    if (!isByTable(step.kind))
        return;
    const u8* image = x + imageOfWork(blockIdx.x, chains, firstRow, images) * pixels * channels;
    int level = threadIdx.x, entry = level;
    if (step.kind == StepAutocontrast || step.kind == StepEqualize)
    {
        countLevels(image + blockIdx.y, pixels, channels, counts);
        entry = countedEntry(counts, level, (int)pixels, step.kind == StepEqualize);
    }
    else if (step.kind == StepPosterize)
        entry = level & (int)step.value[0];
    else if (step.kind == StepSolarize)
        entry = level < step.value[0] ? level : 255 - level;
    else
    {
        int degenerate = 0;
        if (step.kind == StepContrast)
        {
            double sum = 0;
            for (i64 i = threadIdx.x; i < pixels; i += blockDim.x)
                sum += channels == 1 ? image[i] : lumaOf(image + 3 * i);
            degenerate = (int)(blockSum(sum, slots) / pixels + 0.5);
        }
        entry = blendLevels(degenerate, level, (float)step.value[0]);
    }
    tables[((i64)blockIdx.x * channels + blockIdx.y) * Levels + level] = (u8)entry;
}

/// Pillow's bilinear affine transform: the centre of an output pixel is mapped; outside the image is black.
DEVICE void affinePixel(const u8* image, u8* y, const double* map, int row, int column, int height, int width, int channels)
{
    double inX = __dadd_rn(__dadd_rn(__dmul_rn(map[0], column + 0.5), __dmul_rn(map[1], row + 0.5)), map[2]);
    double inY = __dadd_rn(__dadd_rn(__dmul_rn(map[3], column + 0.5), __dmul_rn(map[4], row + 0.5)), map[5]);
    bool inside = inX >= 0 && inX < width && inY >= 0 && inY < height;
    double wholeX = floor(inX - 0.5), wholeY = floor(inY - 0.5), fx = inX - 0.5 - wholeX, fy = inY - 0.5 - wholeY;
    int left = larger((int)wholeX, 0), right = smaller((int)wholeX + 1, width - 1);
    int top = larger((int)wholeY, 0), bottom = smaller((int)wholeY + 1, height - 1);
    for (int channel = 0; channel < channels; channel++)
    {
        if (!inside)
        {
            y[channel] = 0;
            continue;
        }
        auto at = [&](int r, int c) { return (double)image[((i64)r * width + c) * channels + channel]; };
        double upper = __dadd_rn(at(top, left), __dmul_rn(at(top, right) - at(top, left), fx));
        double lower = __dadd_rn(at(bottom, left), __dmul_rn(at(bottom, right) - at(bottom, left), fx));
        y[channel] = (u8)__dadd_rn(upper, __dmul_rn(lower - upper, fy));
    }
}

/// Against [1 1 1; 1 5 1; 1 1 1] / 13; the outermost ring stays.
DEVICE void sharpenPixel(const u8* image, u8* y, float factor, int row, int column, int height, int width, int channels)
{
    bool isInner = row > 0 && row < height - 1 && column > 0 && column < width - 1;
    for (int channel = 0; channel < channels; channel++)
    {
        auto at = [&](int dy, int dx) { return (int)image[((i64)(row + dy) * width + column + dx) * channels + channel]; };
        int level = at(0, 0);
        if (isInner)
        {
            int sum = 4 * level;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    sum += at(dy, dx);
            level = blendLevels((2 * sum + 13) / 26, level, factor);
        }
        y[channel] = (u8)level;
    }
}

// maths        y = each work's operation on its image
// layout       x [images, height, width, channels], y [works, height, width, channels]; tables [works, channels, 256]; steps [works];
//              pictures [., side, side, channels] for crops, whose step tells picture, top, left and side
// launch       FlatGeometry(pixels of y, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     AugMixOperation, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_step_u8(
    const u8* x, u8* y, const u8* tables, const ImageStep* steps, const u8* pictures, int works, int height, int width, int channels, int chains,
    int firstRow, int images)
{
    for (i64 i = globalThread(); i < (i64)works * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        const ImageStep& step = steps[place.image];
        const u8* image = x + imageOfWork(place.image, chains, firstRow, images) * height * width * channels;
        int row = place.row, column = place.column;
        u8* to = y + i * channels;
        const u8* from = image + ((i64)row * width + column) * channels;
        if (step.kind == StepAffine)
        {
            affinePixel(image, to, step.value, row, column, height, width, channels);
            continue;
        }
        if (step.kind == StepSharpness)
        {
            sharpenPixel(image, to, (float)step.value[0], row, column, height, width, channels);
            continue;
        }
        if (step.kind == StepTranslate)
        {
            int fromRow = row + (int)step.value[1], fromColumn = column + (int)step.value[0];
            bool inside = fromRow >= 0 && fromRow < height && fromColumn >= 0 && fromColumn < width;
            for (int channel = 0; channel < channels; channel++)
                to[channel] = inside ? image[((i64)fromRow * width + fromColumn) * channels + channel] : (u8)0;
            continue;
        }
        if (step.kind == StepCrop)
        {
            i64 side = (i64)step.value[3];
            from = pictures + (((i64)step.value[0] * side + (i64)step.value[1] + row) * side + (i64)step.value[2] + column) * channels;
        }
        int luma = step.kind == StepColor && channels == 3 ? lumaOf(from) : 0;
        for (int channel = 0; channel < channels; channel++)
        {
            u8 level = from[channel];
            if (isByTable(step.kind))
                level = tables[(place.image * channels + channel) * Levels + level];
            else if (step.kind == StepColor && channels == 3)
                level = blendLevels(luma, level, (float)step.value[0]);
            to[channel] = level;
        }
    }
}

/// A level, or a mixture of levels, normalised: `total` is the sum of the mixture's weights.
DEVICE float normalizedMixture(float sum, float total, int channel, const ChannelConstants& constants)
{
    float scale = channel == 0 ? constants.scale[0] : channel == 1 ? constants.scale[1] : constants.scale[2];
    float shift = channel == 0 ? constants.shift[0] : channel == 1 ? constants.shift[1] : constants.shift[2];
    return __fadd_rn(__fmul_rn(sum, scale), __fmul_rn(shift, total));
}

// maths        y = w_0 x + sum over chains of w_i chain_i, normalised
// layout       x [images, length], mixed [rows, chains, length], y [rows, length], channels innermost; weights [rows, chains + 2]: the
//              image's, the chains', their sum
// launch       FlatGeometry(rows * length, Float32)
// determinism  one thread an element; chains in order
// CPU twin     AugMix.Mix, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_mix_f32(
    const u8* x, const u8* mixed, const float* weights, float* y, int rows, int length, int channels, int chains, int firstRow, int images,
    float scale0, float scale1, float scale2, float shift0, float shift1, float shift2)
{
    ChannelConstants constants{{scale0, scale1, scale2}, {shift0, shift1, shift2}};
    for (i64 i = globalThread(); i < (i64)rows * length; i += globalThreads())
    {
        i64 row = i / length, element = i - row * length;
        const float* weight = weights + row * (chains + 2);
        float sum = __fmul_rn(toFloat(x[(firstRow + row) % images * length + element]), weight[0]);
        for (int chain = 0; chain < chains; chain++)
            sum = __fadd_rn(sum, __fmul_rn(toFloat(mixed[(row * chains + chain) * length + element]), weight[chain + 1]));
        y[i] = normalizedMixture(sum, weight[chains + 1], (int)(element % channels), constants);
    }
}

enum BlendMode
{
    BlendNone,
    BlendBegin,
    BlendAdd,
    BlendMultiply,
};

/// What a round of PixMix does to a row.
struct PixBlend
{
    int mode;
    float a, b;
};

// maths        y = z, or ((a (2y - 1) + b (2z - 1)) + 1) / 2, or (2y)^a max(2z, 1e-37)^b / 2, z = layer / 255, clipped to 0..1
// layout       layer, y [rows, length]; blends [rows]
// launch       FlatGeometry(rows * length, Float32)
// determinism  one thread an element
// CPU twin     PixMix: sums to the bit, powers to their last bits
extern "C" __global__ void __launch_bounds__(256) augment_blend_f32(const u8* layer, float* y, const PixBlend* blends, int rows, int length)
{
    for (i64 i = globalThread(); i < (i64)rows * length; i += globalThreads())
    {
        PixBlend blend = blends[i / length];
        float level = toFloat(layer[i]);
        if (blend.mode == BlendNone)
            continue;
        if (blend.mode == BlendBegin)
        {
            y[i] = __fmul_rn(level, 1 / 255.0f);
            continue;
        }
        float own = __fmul_rn(2, y[i]), other = __fdiv_rn(__fmul_rn(2, level), 255.0f), value;
        if (blend.mode == BlendAdd)
            value = __fmul_rn(__fadd_rn(__fadd_rn(__fmul_rn(blend.a, own - 1), __fmul_rn(blend.b, other - 1)), 1), 0.5f);
        else // 0 times an infinite power is no number; a black pixel stays black
            value = own > 0 ? __fmul_rn(powf(own, blend.a), __fmul_rn(powf(fmaxf(other, 1e-37f), blend.b), 0.5f)) : 0;
        y[i] = fminf(fmaxf(value, 0.0f), 1.0f);
    }
}

// maths        y = 255 y, normalised
// layout       y [rows, length], channels innermost, in place
// launch       FlatGeometry(rows * length, Float32)
// determinism  one thread an element
// CPU twin     PixMix, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_normalize_f32(
    float* y, i64 count, int channels, float scale0, float scale1, float scale2, float shift0, float shift1, float shift2)
{
    ChannelConstants constants{{scale0, scale1, scale2}, {shift0, shift1, shift2}};
    for (i64 i = globalThread(); i < count; i += globalThreads())
        y[i] = normalizedMixture(__fmul_rn(y[i], 255.0f), 1.0f, (int)(i % channels), constants);
}
