// Weather of the ImageNet-C family on batches of 8-bit images [images, height, width, channels]: snow, frost and fog, to the host's bit.

// maths        plane = mean + deviation n
// layout       plane [images, pixels]; sampleIds [images]
// launch       ForSamples(images, pixels, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     Snow, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_snow_noise_f32(
    float* plane, const int* sampleIds, int images, int pixels, u64 seed, u32 purpose, u32 epoch, float mean, float deviation)
{
    eachNormal(sampleIds, images, pixels, seed, purpose, epoch, [&](i64 i, float normal) {
        plane[i] = __fadd_rn(mean, __fmul_rn(deviation, normal));
    });
}

// maths        flakes = 255 times the middle of the plane enlarged, 0 where that is below the threshold
// layout       plane, flakes [images, height, width]; wholes and fractions [width + height]: source positions of columns and rows
// launch       FlatGeometry(pixels, Float32)
// determinism  one thread a pixel
// CPU twin     Snow and ClippedZoom, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_snow_flakes_u8(
    const float* plane, u8* flakes, const int* wholes, const float* fractions, int images, int height, int width, i64 thresholdBits)
{
    double threshold = __longlong_as_double(thresholdBits);
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        const float* image = plane + place.image * height * width;
        auto read = [&](int row, int column) { return image[(i64)row * width + column]; };
        float layer = interpolated(
            read, wholes[width + place.row], fractions[width + place.row], wholes[place.column], fractions[place.column], height, width);
        flakes[i] = layer < threshold ? (u8)0 : levelToByte(__fmul_rn(layer, 255.0f));
    }
}

// maths        y = keep u + whiten max(u, 1.5 grey + 0.5) + flakes + flakes turned by 180 degrees, u = x / 255
// layout       x, y [images, pixels, channels], flakes [images, pixels]
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     Snow, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_snow_whiten_u8(
    const u8* x, u8* y, const u8* flakes, int images, i64 pixels, int channels, float keep, float whiten)
{
    for (i64 i = globalThread(); i < images * pixels; i += globalThreads())
    {
        const u8* from = x + i * channels;
        float red = __fdiv_rn(from[0], 255.0f), grey = red;
        if (channels == 3)
        {
            float green = __fdiv_rn(from[1], 255.0f), blue = __fdiv_rn(from[2], 255.0f);
            grey = __fadd_rn(__fadd_rn(__fmul_rn(0.299f, red), __fmul_rn(0.587f, green)), __fmul_rn(0.114f, blue));
        }
        float bright = __fadd_rn(__fmul_rn(grey, 1.5f), 0.5f);
        i64 image = i / pixels, turned = image * pixels + pixels - 1 - (i - image * pixels);
        double snow = flakes[i] / 255.0, against = flakes[turned] / 255.0;
        for (int channel = 0; channel < channels; channel++)
        {
            float unit = __fdiv_rn(from[channel], 255.0f);
            float white = __fadd_rn(__fmul_rn(keep, unit), __fmul_rn(whiten, fmaxf(unit, bright)));
            y[i * channels + channel] = unitToByte((double)white + snow + against);
        }
    }
}

/// Which cut of which picture is laid over an image.
struct FrostCut
{
    const u8* picture;
    i64 width, top, left;
};

// maths        y = min(a x + b frost, 255), the frost a cut of a picture
// layout       x, y [images, height, width, channels]; cuts [images]; a picture [., its width, channels]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element
// CPU twin     Frost, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_frost_u8(
    const u8* x, u8* y, const FrostCut* cuts, int images, int height, int width, int channels, i64 imageWeightBits, i64 frostWeightBits)
{
    double imageWeight = __longlong_as_double(imageWeightBits), frostWeight = __longlong_as_double(frostWeightBits);
    for (i64 i = globalThread(); i < (i64)images * height * width * channels; i += globalThreads())
    {
        Place place = placeOf(i, height, width, channels);
        FrostCut cut = cuts[place.image];
        u8 frost = cut.picture[((cut.top + place.row) * cut.width + cut.left + place.column) * channels + place.channel];
        y[i] = (u8)smaller(__dadd_rn(__dmul_rn(imageWeight, x[i]), __dmul_rn(frostWeight, frost)), 255.0);
    }
}

// maths        one level of the diamond-square algorithm on a torus (Fournier, Fussell and Carpenter, CACM 25, 1982): the mean of four points
//              plus noise U(-1, 1). Of a lattice of side^2 points, size / side apart, phase 0 makes the centres of its squares, phase 1
//              the points between on its rows, phase 2 those on its columns.
// layout       map [images, size, size], size a power of two; sampleIds [images]
// launch       ForSamples(images, side^2, 4), block 256, for each phase
// determinism  a draw depends on (seed, purpose, epoch, sample, point) alone
// CPU twin     Plasma, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_plasma_f32(
    float* map, const int* sampleIds, int images, int size, int side, u64 seed, u32 purpose, u32 epoch, u32 firstBlock, int phase, float noise)
{
    int half = size / side / 2, length = side * side, mask = size - 1;
    eachDrawnElement(
        sampleIds, images, length, seed, purpose, epoch, [&](i64 offset, int count, const PhiloxWords& words, int image, i64) {
            float* points = map + (i64)image * size * size;
            auto at = [&](int row, int column) -> float& { return points[(i64)(row * half & mask) * size + (column * half & mask)]; };
#pragma unroll
            for (int i = 0; i < DrawElements; i++)
            {
                if (i >= count)
                    continue;
                int point = (int)(offset - (i64)image * length) + i, y = 2 * (point / side), x = 2 * (point % side);
                float first, second, third, fourth;
                if (phase == 0)
                    first = at(y, x), second = at(y, x + 2), third = at(y + 2, x), fourth = at(y + 2, x + 2);
                else if (phase == 1)
                    first = at(y + 1, x + 1), second = at(y - 1, x + 1), third = at(y, x), fourth = at(y, x + 2);
                else
                    first = at(y + 1, x + 1), second = at(y + 1, x - 1), third = at(y, x), fourth = at(y + 2, x);
                float mean = __fmul_rn(__fadd_rn(__fadd_rn(first, second), __fadd_rn(third, fourth)), 0.25f);
                float uniform = __fmul_rn((float)(int)(words.word[i] ^ 0x80000000u), 1.0f / 2147483648.0f);
                at(phase == 1 ? y : y + 1, phase == 2 ? x : x + 1) = fmaf(uniform, noise, mean);
            }
        },
        firstBlock);
}

/// What fog needs to know of an image: its map's smallest value and 1 / range, and max / (max + strength) of its levels.
struct FogRange
{
    float smallest, scale, kept;
};

// maths        the range of each map, and the brightest level of each image
// layout       map [images, points]; x [images, length]; ranges [images]
// launch       grid images, block 256
// determinism  maxima
// CPU twin     Plasma and Fog, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_fog_range_f32(
    const float* map, const u8* x, FogRange* ranges, i64 points, i64 length, i64 strengthBits)
{
    __shared__ float ofSmallest[8], ofLargest[8], ofBrightest[8];
    float negative = -INFINITY, largest = -INFINITY, brightest = 0;
    for (i64 i = threadIdx.x; i < points; i += blockDim.x)
    {
        float value = map[blockIdx.x * points + i];
        negative = fmaxf(negative, -value);
        largest = fmaxf(largest, value);
    }
    for (i64 i = threadIdx.x; i < length; i += blockDim.x)
        brightest = fmaxf(brightest, toFloat(x[blockIdx.x * length + i]));
    float smallest = -blockMaximum(negative, ofSmallest);
    largest = blockMaximum(largest, ofLargest);
    brightest = blockMaximum(brightest, ofBrightest);
    if (threadIdx.x == 0)
    {
        double unit = brightest / 255.0;
        float range = largest - smallest;
        ranges[blockIdx.x] = FogRange{smallest, range > 0 ? __fdiv_rn(1.0f, range) : 0.0f, (float)(unit / (unit + __longlong_as_double(strengthBits)))};
    }
}

// maths        y = (x + strength P) max / (max + strength), P the map from 0 to 1, strength in levels
// layout       x, y [images, height, width, channels]; map [images, size, size], its top left corner; ranges [images]
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element
// CPU twin     Fog, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_fog_u8(
    const u8* x, u8* y, const float* map, const FogRange* ranges, int images, int height, int width, int channels, int size, float strength)
{
    for (i64 i = globalThread(); i < (i64)images * height * width * channels; i += globalThreads())
    {
        Place place = placeOf(i, height, width, channels);
        FogRange range = ranges[place.image];
        float value = map[(place.image * size + place.row) * size + place.column];
        float density = __fmul_rn(__fadd_rn(value, -range.smallest), range.scale);
        y[i] = levelToByte(__fmul_rn(fmaf(density, strength, toFloat(x[i])), range.kept));
    }
}
