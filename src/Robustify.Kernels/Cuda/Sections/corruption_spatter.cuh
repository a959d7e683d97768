// Spatter of the ImageNet-C family on batches of 8-bit images [images, height, width, channels], to the host's bit. Planes are
// [images, height, width].

// maths        liquid = mean + deviation n
// layout       liquid [images, pixels]; sampleIds [images]
// launch       ForSamples(images, pixels, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     Spatter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_liquid_f64(
    double* liquid, const int* sampleIds, int images, int pixels, u64 seed, u32 purpose, u32 epoch, i64 meanBits, i64 deviationBits)
{
    double mean = __longlong_as_double(meanBits), deviation = __longlong_as_double(deviationBits);
    eachNormal(sampleIds, images, pixels, seed, purpose, epoch, [&](i64 i, float normal) {
        liquid[i] = __dadd_rn(mean, __dmul_rn(deviation, normal));
    });
}

// maths        liquid = 1 above the threshold, else 0
// layout       liquid flat [count], in place
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     Spatter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_threshold_f64(double* liquid, i64 count, i64 thresholdBits)
{
    for (i64 i = globalThread(); i < count; i += globalThreads())
        liquid[i] = liquid[i] > __longlong_as_double(thresholdBits) ? 1 : 0;
}

// maths        y = u (1 - m) + m colour, m the liquid where it is at least 0.8, u = x / 255
// layout       x, y [pixels, channels], liquid [pixels]; colour of channel 0, 1, 2 in 0..1
// launch       FlatGeometry(pixels, Float32): a thread a pixel
// determinism  one thread a pixel
// CPU twin     Spatter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_mud_u8(
    const u8* x, u8* y, const double* liquid, i64 pixels, int channels, float colour0, float colour1, float colour2)
{
    float colour[3] = {colour0, colour1, colour2};
    for (i64 i = globalThread(); i < pixels; i += globalThreads())
    {
        double m = liquid[i] < 0.8 ? 0 : liquid[i];
        for (int channel = 0; channel < channels; channel++)
            y[i * channels + channel] = unitToByte(
                __dadd_rn(__dmul_rn(x[i * channels + channel] / 255.0, 1 - m), __dmul_rn(m, colour[channel])));
    }
}

// maths        levels = 255 times the liquid from the threshold on, else 0; beyond 1 the byte wraps round
// layout       liquid, levels flat [count]
// launch       FlatGeometry(count, Float32)
// determinism  one thread an element
// CPU twin     Spatter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_levels_u8(const double* liquid, u8* levels, i64 count, i64 thresholdBits)
{
    double threshold = __longlong_as_double(thresholdBits);
    for (i64 i = globalThread(); i < count; i += globalThreads())
        levels[i] = liquid[i] < threshold ? (u8)0 : (u8)((int)__dmul_rn(liquid[i], 255.0) & 255);
}

struct Gradient
{
    short x, y;
};

DEVICE int magnitude(Gradient gradient) { return (gradient.x < 0 ? -gradient.x : gradient.x) + (gradient.y < 0 ? -gradient.y : gradient.y); }

// maths        3x3 Sobel gradients, the edge repeated
// layout       levels, gradients, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  one thread a pixel
// CPU twin     CannyEdges
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_gradients_u8(
    const u8* levels, Gradient* gradients, int images, int height, int width)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        const u8* image = levels + place.image * height * width;
        auto at = [&](int dy, int dx) {
            return (int)image[(i64)nearest(place.row + dy, height) * width + nearest(place.column + dx, width)];
        };
        int down = at(1, -1) - at(-1, -1), across = at(-1, 1) - at(-1, -1), diagonal = at(1, 1);
        gradients[i] = Gradient{
            (short)(across + 2 * (at(0, 1) - at(0, -1)) + diagonal - at(1, -1)), (short)(down + 2 * (at(1, 0) - at(-1, 0)) + diagonal - at(-1, 1))};
    }
}

constexpr u8 WeakEdge = 1, Edge = 2;

// maths        local maxima of |gx| + |gy| across the gradient: edges above 150, weak ones above 50; outside the image it is 0
// layout       gradients, edges, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  integers
// CPU twin     CannyEdges
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_maxima_u8(
    const Gradient* gradients, u8* edges, int images, int height, int width)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        const Gradient* image = gradients + place.image * height * width;
        auto at = [&](int dy, int dx) {
            int row = place.row + dy, column = place.column + dx;
            return (u32)row < (u32)height && (u32)column < (u32)width ? magnitude(image[(i64)row * width + column]) : 0;
        };
        Gradient gradient = gradients[i];
        int m = magnitude(gradient), across = gradient.x < 0 ? -gradient.x : gradient.x, rise = gradient.y < 0 ? -gradient.y : gradient.y;
        int along = rise << 15, limit = across * 13573; // tan(22.5 degrees) in 15-bit fixed point
        int s = (gradient.x ^ gradient.y) < 0 ? -1 : 1;
        bool isMaximum = along < limit ? m > at(0, -1) && m >= at(0, 1)
            : along > limit + (across << 16) ? m > at(-1, 0) && m >= at(1, 0)
                                             : m > at(-1, -s) && m > at(1, s);
        edges[i] = m <= 50 || !isMaximum ? (u8)0 : m > 150 ? Edge : WeakEdge;
    }
}

// maths        weak edges that hang together with an edge become edges
// layout       edges, planes, in place
// launch       grid images, block 256
// determinism  rounds until nothing changes: what is reached does not depend on the order
// CPU twin     CannyEdges
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_follow_u8(u8* edges, int height, int width)
{
    __shared__ int changes[2][8];
    volatile u8* image = edges + (i64)blockIdx.x * height * width;
    int changed = 1;
    for (int round = 0; changed; round ^= 1)
    {
        changed = 0;
        for (i64 i = threadIdx.x; i < (i64)height * width; i += blockDim.x)
        {
            if (image[i] != WeakEdge)
                continue;
            int row = (int)(i / width), column = (int)(i % width);
            bool touches = false;
            for (int y = larger(row - 1, 0); y <= smaller(row + 1, height - 1); y++)
                for (int x = larger(column - 1, 0); x <= smaller(column + 1, width - 1); x++)
                    touches |= image[(i64)y * width + x] == Edge;
            if (touches)
            {
                image[i] = Edge;
                changed = 1;
            }
        }
        // Two sets of slots in turn: the barrier of one round stands between the readers and the writers of the other.
        changed = blockSum(changed, changes[round]);
    }
}

/// Distances are told apart up to 20 pixels.
constexpr int FarthestEdge = 20;

// maths        gaps = how far the nearest edge of the same row is, 21 where it is farther
// layout       edges, gaps, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  integers
// CPU twin     ChamferDistance, its part along a row
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_gaps_u8(const u8* edges, u8* gaps, i64 pixels, int width)
{
    for (i64 i = globalThread(); i < pixels; i += globalThreads())
    {
        int column = (int)(i % width), gap = 0;
        for (; gap <= FarthestEdge; gap++)
            if ((column >= gap && edges[i - gap] == Edge) || (column + gap < width && edges[i + gap] == Edge))
                break;
        gaps[i] = (u8)gap;
    }
}

/// The shortest way by steps of 1, 1.4 (diagonal) and 2.1969 (knight's move) in 1/65536 pixel; it grows with either part.
DEVICE int chamfer(int across, int along)
{
    int longer = larger(across, along), shorter = smaller(across, along);
    return longer >= 2 * shorter ? shorter * 143976 + (longer - 2 * shorter) * 65536 : (longer - shorter) * 143976 + (2 * shorter - longer) * 91750;
}

// maths        distances = the chamfer distance to the nearest edge, cut at 20 pixels: the host's two passes give the shortest way too
// layout       gaps, distances, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  integers
// CPU twin     ChamferDistance, DropletRelief
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_distances_i32(
    const u8* gaps, int* distances, int images, int height, int width)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        int row = placeOf(i, height, width, 1).row, best = FarthestEdge << 16;
        for (int dy = -smaller(FarthestEdge, row); dy <= smaller(FarthestEdge, height - 1 - row); dy++)
        {
            int gap = gaps[i + (i64)dy * width];
            if (gap <= FarthestEdge)
                best = smaller(best, chamfer(gap, dy < 0 ? -dy : dy));
        }
        distances[i] = best;
    }
}

/// The sum of nine neighbours, borders mirrored about the edge pixel.
template<class T> DEVICE int sumOfNine(const T* plane, const Place& place, int height, int width)
{
    const T* image = plane + place.image * height * width;
    int sum = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            sum += image[(i64)reflect101(place.row + dy, height) * width + reflect101(place.column + dx, width)];
    return sum;
}

// maths        smooth = the mean of nine distances, rounded to single precision and cut to whole pixels
// layout       distances, smooth, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  one thread a pixel
// CPU twin     DropletRelief, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_smooth_u8(
    const int* distances, u8* smooth, int images, int height, int width)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        int sum = sumOfNine(distances, placeOf(i, height, width, 1), height, width);
        smooth[i] = (u8)(int)(float)__dmul_rn(__dmul_rn(sum, 1.0 / 65536), 1.0 / 9);
    }
}

// maths        equalised by the plane's histogram, as OpenCV does it
// layout       plane [images, pixels], in place
// launch       grid images, block 256
// determinism  integers; a sum times a float is rounded once
// CPU twin     DropletRelief, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_equalize_u8(u8* plane, i64 pixels)
{
    __shared__ int counts[Levels], mapped[Levels];
    u8* image = plane + blockIdx.x * pixels;
    countLevels(image, pixels, 1, counts);
    int level = threadIdx.x, first = 0, sum = 0;
    while (counts[first] == 0)
        first++;
    for (int below = first + 1; below <= level; below++)
        sum += counts[below];
    mapped[level] = counts[first] == pixels ? level : (int)rintf(__fmul_rn((float)sum, __fdiv_rn(255.0f, (float)(pixels - counts[first]))));
    __syncthreads();
    for (i64 i = threadIdx.x; i < pixels; i += blockDim.x)
        image[i] = (u8)mapped[image[i]];
}

// maths        embossed = correlation with [-2 -1 0; -1 1 1; 0 1 2], saturated
// layout       smooth, embossed, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  integers
// CPU twin     DropletRelief
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_emboss_u8(const u8* smooth, u8* embossed, int images, int height, int width)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
    {
        Place place = placeOf(i, height, width, 1);
        const u8* image = smooth + place.image * height * width;
        auto at = [&](int dy, int dx) {
            return (int)image[(i64)reflect101(place.row + dy, height) * width + reflect101(place.column + dx, width)];
        };
        embossed[i] = (u8)smaller(
            larger(2 * (at(1, 1) - at(-1, -1)) + at(1, 0) - at(-1, 0) + at(0, 1) - at(0, -1) + at(0, 0), 0), 255);
    }
}

// maths        light = levels times the rounded mean of nine of embossed
// layout       levels, embossed, light, planes
// launch       FlatGeometry(pixels, Float32)
// determinism  integers
// CPU twin     DropletRelief, Spatter
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_light_i32(
    const u8* levels, const u8* embossed, int* light, int images, int height, int width)
{
    for (i64 i = globalThread(); i < (i64)images * height * width; i += globalThreads())
        light[i] = levels[i] * ((sumOfNine(embossed, placeOf(i, height, width, 1), height, width) + 4) / 9);
}

// maths        scales = strength / the strongest light of an image, 0 where there is none
// layout       light [images, pixels], scales [images]
// launch       grid images, block 256
// determinism  a maximum
// CPU twin     Spatter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_scale_f32(const int* light, float* scales, i64 pixels, float strength)
{
    __shared__ float slots[8];
    float strongest = 0;
    for (i64 i = threadIdx.x; i < pixels; i += blockDim.x)
        strongest = fmaxf(strongest, (float)light[blockIdx.x * pixels + i]);
    strongest = blockMaximum(strongest, slots);
    if (threadIdx.x == 0)
        scales[blockIdx.x] = strongest > 0 ? __fmul_rn(__fdiv_rn(1.0f, strongest), strength) : 0.0f;
}

// maths        y = x + colour (light scale)
// layout       x, y [images, pixels, channels], light [images, pixels], scales [images]; colour of channel 0, 1, 2 in levels
// launch       FlatGeometry(elements, Float32)
// determinism  one thread an element
// CPU twin     Spatter, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_spatter_water_u8(
    const u8* x, u8* y, const int* light, const float* scales, int images, i64 pixels, int channels, float colour0, float colour1, float colour2)
{
    for (i64 i = globalThread(); i < images * pixels * channels; i += globalThreads())
    {
        i64 pixel = i / channels;
        int channel = (int)(i - pixel * channels);
        float colour = channel == 0 ? colour0 : channel == 1 ? colour1 : colour2;
        y[i] = levelToByte(__fadd_rn(toFloat(x[i]), __fmul_rn(colour, __fmul_rn((float)light[pixel], scales[pixel / pixels]))));
    }
}
