// Noises of the ImageNet-C family on batches of 8-bit images [images, length]: a thread a Philox block, so four neighbouring elements.
// Counter = (purpose, corruption and severity, sample, block): the draws and the roundings of the host to the bit.

/// Box–Muller in single precision with an exact sequence of roundings: see the host's NormalDraws, of which this is the scalar form.
struct NormalPair
{
    float cosine, sine;
};

/// ln x for x in (0, 1]: x = m 2^e with m in [sqrt(1/2), sqrt(2)); the polynomial of Cephes' logf.
DEVICE float exactLogarithm(float x)
{
    int bits = (int)__float_as_uint(x), exponent = (bits - 0x3F3504F3) >> 23;
    float m = __uint_as_float((u32)(bits - exponent * (1 << 23))) - 1.0f, e = (float)exponent;
    float p = 7.0376836292e-2f;
    p = fmaf(p, m, -1.1514610310e-1f);
    p = fmaf(p, m, 1.1676998740e-1f);
    p = fmaf(p, m, -1.2420140846e-1f);
    p = fmaf(p, m, 1.4249322787e-1f);
    p = fmaf(p, m, -1.6668057665e-1f);
    p = fmaf(p, m, 2.0000714765e-1f);
    p = fmaf(p, m, -2.4999993993e-1f);
    p = fmaf(p, m, 3.3333331174e-1f);
    float square = __fmul_rn(m, m), y = __fmul_rn(__fmul_rn(p, m), square);
    y = fmaf(e, -2.12194440e-4f, y);
    y = fmaf(square, -0.5f, y);
    return fmaf(e, 0.693359375f, __fadd_rn(m, y));
}

DEVICE NormalPair normalPair(u32 radiusWord, u32 angleWord)
{
    float uniform = __fmul_rn(__fadd_rn((float)(int)(radiusWord >> 1), 0.5f), 4.656612873e-10f); // 2^-31
    float radius = sqrtf(__fmul_rn(exactLogarithm(uniform), -2.0f));
    // The turn is cut into quarters about the axes in integers, so nothing is lost in the reduction.
    u32 quarter = (angleWord + (1u << 29)) >> 30;
    float t = __fmul_rn((float)(int)(angleWord - (quarter << 30)), 1.4629180793e-9f), square = __fmul_rn(t, t); // 2 pi / 2^32
    float sine = fmaf(fmaf(-1.9515295891e-4f, square, 8.3321608736e-3f), square, -1.6666654611e-1f);
    sine = fmaf(__fmul_rn(sine, square), t, t);
    float cosine = fmaf(fmaf(2.443315711809948e-5f, square, -1.388731625493765e-3f), square, 4.166664568298827e-2f);
    cosine = fmaf(__fmul_rn(cosine, square), square, fmaf(square, -0.5f, 1.0f));
    bool swapped = quarter & 1u;
    u32 cosineSign = ((quarter + 1u) << 30) & 0x80000000u, sineSign = (quarter << 30) & 0x80000000u;
    NormalPair pair;
    pair.cosine = __fmul_rn(radius, __uint_as_float(__float_as_uint(swapped ? sine : cosine) ^ cosineSign));
    pair.sine = __fmul_rn(radius, __uint_as_float(__float_as_uint(swapped ? cosine : sine) ^ sineSign));
    return pair;
}

/// Clipped to 0..255 and truncated.
DEVICE u8 levelToByte(float level) { return (u8)fminf(fmaxf(level, 0.0f), 255.0f); }

/// Runs `element(offset, count, words, image, block)` for every four elements of every image; words are their Philox block, the first of an
/// image's being `firstBlock`.
template<class TElement> DEVICE void eachDrawnElement(
    const int* sampleIds, int images, int length, u64 seed, u32 purpose, u32 epoch, const TElement& element, u32 firstBlock = 0)
{
    int blocks = ceilDivide(length, DrawElements);
    for (int image = blockIdx.y; image < images; image += gridDim.y)
        for (i64 block = globalThread(); block < blocks; block += globalThreads())
        {
            PhiloxWords words = philox(seed, purpose, epoch, (u32)sampleIds[image], firstBlock + (u32)block);
            element((i64)image * length + block * DrawElements, smaller(DrawElements, (int)(length - block * DrawElements)), words, image, block);
        }
}

/// Runs `element(i, normal)` for every element.
template<class TElement> DEVICE void eachNormal(
    const int* sampleIds, int images, int length, u64 seed, u32 purpose, u32 epoch, const TElement& element)
{
    eachDrawnElement(
        sampleIds, images, length, seed, purpose, epoch, [&](i64 offset, int count, const PhiloxWords& words, int, i64) {
            NormalPair first = normalPair(words.word[0], words.word[1]), second = normalPair(words.word[2], words.word[3]);
            float normals[DrawElements] = {first.cosine, first.sine, second.cosine, second.sine};
#pragma unroll
            for (int i = 0; i < DrawElements; i++)
                if (i < count)
                    element(offset + i, normals[i]);
        });
}

// maths        y = clip(x + sigma n), sigma in levels
// layout       x, y [images, length]; sampleIds [images]
// launch       ForSamples(images, length, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     GaussianNoise, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_gaussian_noise_u8(
    const u8* x, u8* y, const int* sampleIds, int images, int length, u64 seed, u32 purpose, u32 epoch, float sigma)
{
    eachNormal(sampleIds, images, length, seed, purpose, epoch, [&](i64 i, float normal) {
        y[i] = levelToByte(fmaf(normal, sigma, toFloat(x[i])));
    });
}

// maths        y = clip(x + x sigma n)
// layout       x, y [images, length]; sampleIds [images]
// launch       ForSamples(images, length, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     SpeckleNoise, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_speckle_noise_u8(
    const u8* x, u8* y, const int* sampleIds, int images, int length, u64 seed, u32 purpose, u32 epoch, float sigma)
{
    eachNormal(sampleIds, images, length, seed, purpose, epoch, [&](i64 i, float normal) {
        float level = toFloat(x[i]);
        y[i] = levelToByte(fmaf(level, __fmul_rn(normal, sigma), level));
    });
}

// maths        y = 255 or 0 by the second word where the first is below `amount` (of 2^32), else x; all first words precede all second ones
// layout       x, y [images, length]; sampleIds [images]
// launch       ForSamples(images, length, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     ImpulseNoise, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_impulse_noise_u8(
    const u8* x, u8* y, const int* sampleIds, int images, int length, u64 seed, u32 purpose, u32 epoch, u32 amount)
{
    u32 blocks = (u32)ceilDivide(length, DrawElements);
    eachDrawnElement(
        sampleIds, images, length, seed, purpose, epoch, [&](i64 offset, int count, const PhiloxWords& words, int image, i64 block) {
            PhiloxWords salt = philox(seed, purpose, epoch, (u32)sampleIds[image], blocks + (u32)block);
#pragma unroll
            for (int i = 0; i < DrawElements; i++)
                if (i < count)
                    y[offset + i] = words.word[i] >= amount ? x[offset + i] : salt.word[i] < (1u << 31) ? (u8)255 : (u8)0;
        });
}

/// One bin of an alias table: the outcome below a bound, the alias from it on. As the host's PhotonOutcomes has it.
struct AliasBin
{
    u32 keepBelow;
    u8 outcome, alias;
};

// maths        y is drawn by an alias table of 2^indexBits bins for each of the 256 levels of x (Walker, ACM TOMS 3, 1977)
// layout       x, y [images, length]; bins [256, 2^indexBits] of 8 bytes; sampleIds [images]
// launch       ForSamples(images, length, 4), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     ShotNoise, to the bit
extern "C" __global__ void __launch_bounds__(256) corruption_shot_noise_u8(
    const u8* x, u8* y, const AliasBin* bins, const int* sampleIds, int images, int length, u64 seed, u32 purpose, u32 epoch, int indexBits)
{
    eachDrawnElement(
        sampleIds, images, length, seed, purpose, epoch, [&](i64 offset, int count, const PhiloxWords& words, int, i64) {
#pragma unroll
            for (int i = 0; i < DrawElements; i++)
                if (i < count)
                {
                    u64 word = words.word[i];
                    AliasBin bin = bins[((u32)x[offset + i] << indexBits) + (u32)(word >> (32 - indexBits))];
                    y[offset + i] = (u32)(word << indexBits) < bin.keepBelow ? bin.outcome : bin.alias;
                }
        });
}
