// Noise2Net on normalised rows [rows, height, width, channels] (Hendrycks et al., "The many faces of robustness"): a small residual network whose
// weights are drawn anew for each row, which is a work here. Each product is fused with the sum it goes into, inputs and taps in order; sums
// over a plane are 256 lanes wide and folded like a block's. The host does the same, so its bits are these.
//
// Planes of a work: hidden [64, pixels] in four groups of 16, mixed [16, pixels] for what a convolution gives before it is standardised.
// Weights of a work, for each block: [4, channels, 16] of the first convolution, three times [inputs, taps, 16] with room for 9 taps,
// [64, channels] of the last.

constexpr int NoiseBlocks = 4;
constexpr int NoiseGroups = 4;
constexpr int NoiseGroupChannels = 16;
constexpr int NoiseHidden = NoiseGroups * NoiseGroupChannels;
constexpr int NoiseGroupWeights = NoiseGroupChannels * NoiseGroupChannels * 9;

/// Pixels of one thread of a convolution: each weight that is read is used so often.
constexpr int NoisePixels = 2;

/// What was drawn for one block: the convolutions' window and the words at which the weights begin, before and after these two draws.
struct NoiseBlock
{
    int kernel, dilation;
    u32 first, rest;
};

/// What was drawn for one work, and where in the batch it lies; as the host's NoiseDraw has it.
struct NoiseDraw
{
    int row;
    float strength;
    u32 purpose, epoch, sample;
    NoiseBlock blocks[NoiseBlocks];
};

DEVICE int noiseWeightsOfBlock(int channels) { return 2 * NoiseHidden * channels + (NoiseGroups - 1) * NoiseGroupWeights; }

DEVICE const float* noiseWeights(const float* weights, i64 work, int block, int channels)
{
    return weights + (work * NoiseBlocks + block) * noiseWeightsOfBlock(channels);
}

/// The uniform draw on [0, 1) of 53 bits that begins at a word of a work's stream.
DEVICE double noiseUniform(const NoiseDraw& draw, u64 seed, u32 word)
{
    u32 pair[2];
    for (u32 i = 0; i < 2; i++)
    {
        PhiloxWords words = philox(seed, draw.purpose, draw.epoch, draw.sample, (word + i) / 4);
        u32 at = (word + i) % 4;
        pair[i] = at == 0 ? words.word[0] : at == 1 ? words.word[1] : at == 2 ? words.word[2] : words.word[3];
    }
    return __dmul_rn(__dadd_rn(__dmul_rn((double)(pair[0] >> 5), 67108864.0), (double)(pair[1] >> 6)), 1.0 / 9007199254740992.0);
}

// maths        weights ~ U(-1 / sqrt(fan in), 1 / sqrt(fan in)), drawn output by output, stored with the outputs innermost
// layout       draws [works]; weights [works, 4 blocks, .]
// launch       grid (parts of a work, works), block 256: a thread a weight
// determinism  each weight has its own words
// CPU twin     NoiseNetwork, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_noise_weights_f32(const NoiseDraw* draws, float* weights, int channels, i64 seed)
{
    const NoiseDraw& draw = draws[blockIdx.y];
    int outer = NoiseHidden * channels, length = noiseWeightsOfBlock(channels);
    for (int i = (int)globalThread(); i < NoiseBlocks * length; i += (int)globalThreads())
    {
        const NoiseBlock& block = draw.blocks[i / length];
        int element = i % length, taps = block.kernel * block.kernel, count = NoiseGroupChannels * NoiseGroupChannels * taps, fanIn, place;
        u32 word;
        if (element < outer)
        {
            int output = element / channels, input = element % channels;
            fanIn = channels;
            place = (output / NoiseGroupChannels * channels + input) * NoiseGroupChannels + output % NoiseGroupChannels;
            word = block.first + 2 * element;
        }
        else if (element < length - outer)
        {
            int group = (element - outer) / NoiseGroupWeights, own = (element - outer) % NoiseGroupWeights;
            if (own >= count)
                continue;
            fanIn = NoiseGroupChannels * taps;
            place = outer + group * NoiseGroupWeights + own % fanIn * NoiseGroupChannels + own / fanIn;
            word = block.rest + 2 * (group * count + own);
        }
        else
        {
            int own = element - (length - outer);
            fanIn = NoiseHidden;
            place = length - outer + own % fanIn * channels + own / fanIn;
            word = block.rest + 2 * ((NoiseGroups - 1) * count + own);
        }
        float unit = (float)__dadd_rn(__dmul_rn(2.0, noiseUniform(draw, (u64)seed, word)), -1.0);
        weights[((i64)blockIdx.y * NoiseBlocks + i / length) * length + place] = __fmul_rn(unit, __fdiv_rn(1.0f, __fsqrt_rn((float)fanIn)));
    }
}

/// A pixel of a plane, and of the one that is added to it where there is one; zero outside.
DEVICE float noisePixel(const float* from, const float* added, i64 pixelStride, int row, int column, int height, int width)
{
    if ((u32)row >= (u32)height || (u32)column >= (u32)width)
        return 0;
    i64 at = ((i64)row * width + column) * pixelStride;
    return added ? __fadd_rn(from[at], added[at]) : from[at];
}

/// to[o] = sum over inputs and taps of weight[input, tap, o] from[input]: every output of some pixels, weights in shared memory.
template<int Outputs, int MostWeights> DEVICE void noiseConvolve(
    const float* from, const float* added, i64 inputStride, i64 pixelStride, const float* weights, float* to, int inputs, int kernel, int dilation,
    int height, int width)
{
    __shared__ float held[MostWeights];
    for (int i = threadIdx.x; i < inputs * kernel * kernel * Outputs; i += blockDim.x)
        held[i] = weights[i];
    __syncthreads();
    int pixels = height * width, first = (int)(blockIdx.x * blockDim.x) * NoisePixels + (int)threadIdx.x;
    float sums[NoisePixels][Outputs] = {};
    const float* weight = held;
    for (int input = 0; input < inputs; input++)
    {
        const float* plane = from + input * inputStride;
        const float* other = added ? added + input * inputStride : nullptr;
        for (int tap = 0; tap < kernel * kernel; tap++, weight += Outputs)
        {
            int dx = (tap % kernel - kernel / 2) * dilation, dy = (tap / kernel - kernel / 2) * dilation;
#pragma unroll
            for (int p = 0; p < NoisePixels; p++)
            {
                int pixel = first + p * (int)blockDim.x;
                float value = pixel < pixels ? noisePixel(plane, other, pixelStride, pixel / width + dy, pixel % width + dx, height, width) : 0;
#pragma unroll
                for (int output = 0; output < Outputs; output++)
                    sums[p][output] = __fmaf_rn(value, weight[output], sums[p][output]);
            }
        }
    }
#pragma unroll
    for (int p = 0; p < NoisePixels; p++)
    {
        int pixel = first + p * (int)blockDim.x;
        for (int output = 0; output < Outputs && pixel < pixels; output++)
            to[(i64)output * pixels + pixel] = sums[p][output];
    }
}

// maths        hidden = first convolution of the block, 1x1, a group of 16 outputs for each layer of the grid
// layout       rows [., height, width, channels]; hidden [works, 64, pixels]
// launch       grid (ceil(pixels / 512), works, 4), block 256
// determinism  inputs in order
// CPU twin     NoiseNetwork, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_noise_widen_f32(
    const float* rows, const NoiseDraw* draws, const float* weights, float* hidden, int block, int height, int width, int channels)
{
    i64 work = blockIdx.y, pixels = (i64)height * width;
    int group = blockIdx.z;
    noiseConvolve<NoiseGroupChannels, 3 * NoiseGroupChannels>(
        rows + draws[work].row * pixels * channels, nullptr, 1, channels,
        noiseWeights(weights, work, block, channels) + group * channels * NoiseGroupChannels,
        hidden + (work * NoiseHidden + group * NoiseGroupChannels) * pixels, channels, 1, 1, height, width);
}

// maths        mixed = convolution of hidden's group, with the result of the group before it added (Res2Net), under the drawn window
// layout       hidden [works, 64, pixels]; mixed [works, 16, pixels]
// launch       grid (ceil(pixels / 512), works), block 256
// determinism  inputs and taps in order
// CPU twin     NoiseNetwork, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_noise_group_f32(
    const float* hidden, const NoiseDraw* draws, const float* weights, float* mixed, int block, int group, int height, int width, int channels)
{
    i64 work = blockIdx.y, pixels = (i64)height * width;
    const NoiseBlock& drawn = draws[work].blocks[block];
    const float* own = hidden + (work * NoiseHidden + group * NoiseGroupChannels) * pixels;
    noiseConvolve<NoiseGroupChannels, NoiseGroupWeights>(
        own, group > 0 ? own - NoiseGroupChannels * pixels : nullptr, pixels, 1,
        noiseWeights(weights, work, block, channels) + NoiseHidden * channels + group * NoiseGroupWeights, mixed + work * NoiseGroupChannels * pixels,
        NoiseGroupChannels, drawn.kernel, drawn.dilation, height, width);
}

// maths        mixed = last convolution of the block, 1x1, back to the image's channels
// layout       hidden [works, 64, pixels]; mixed [works, 16, pixels], of which the first channels
// launch       grid (ceil(pixels / 512), works), block 256
// determinism  inputs in order
// CPU twin     NoiseNetwork, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_noise_narrow_f32(
    const float* hidden, const float* weights, float* mixed, int block, int height, int width, int channels)
{
    i64 work = blockIdx.y, pixels = (i64)height * width;
    const float* own = noiseWeights(weights, work, block, channels) + noiseWeightsOfBlock(channels) - NoiseHidden * channels;
    hidden += work * NoiseHidden * pixels;
    mixed += work * NoiseGroupChannels * pixels;
    if (channels == 1)
        noiseConvolve<1, NoiseHidden>(hidden, nullptr, pixels, 1, own, mixed, NoiseHidden, 1, 1, height, width);
    else
        noiseConvolve<3, 3 * NoiseHidden>(hidden, nullptr, pixels, 1, own, mixed, NoiseHidden, 1, 1, height, width);
}

struct NoiseMoments
{
    float mean, scale;
};

/// Mean and 1 / sqrt(variance + 1e-5) of a plane, by the whole block.
DEVICE NoiseMoments noiseMoments(const float* plane, int pixels)
{
    __shared__ float slots[2][8];
    float sum = 0, squares = 0;
    for (int i = threadIdx.x; i < pixels; i += blockDim.x)
        sum = __fadd_rn(sum, plane[i]);
    float mean = __fdiv_rn(blockSum(sum, slots[0]), (float)pixels);
    for (int i = threadIdx.x; i < pixels; i += blockDim.x)
    {
        float distance = __fsub_rn(plane[i], mean);
        squares = __fmaf_rn(distance, distance, squares);
    }
    float variance = __fdiv_rn(blockSum(squares, slots[1]), (float)pixels);
    return NoiseMoments{mean, __fdiv_rn(1.0f, __fsqrt_rn(__fadd_rn(variance, 1e-5f)))};
}

// maths        to = max((from - mean) / sqrt(variance + 1e-5), 0) of each plane
// layout       from, to: planes of `pixels`, works fromStride and toStride elements apart; may be the same memory
// launch       grid (planes of a work, works), block 256
// determinism  256 lanes, folded in order
// CPU twin     NoiseNetwork, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_noise_standardize_f32(const float* from, float* to, int pixels, i64 fromStride, i64 toStride)
{
    from += blockIdx.y * fromStride + (i64)blockIdx.x * pixels;
    to += blockIdx.y * toStride + (i64)blockIdx.x * pixels;
    NoiseMoments moments = noiseMoments(from, pixels);
    for (int i = threadIdx.x; i < pixels; i += blockDim.x)
        to[i] = fmaxf(__fmul_rn(__fsub_rn(from[i], moments.mean), moments.scale), 0.0f);
}

// maths        y += strength (x - mean) / sqrt(variance + 1e-5), each channel of each work's row
// layout       mixed [works, 16, pixels], of which the first channels; rows [., pixels, channels]
// launch       grid (channels, works), block 256
// determinism  256 lanes, folded in order
// CPU twin     NoiseNetwork, to the bit
extern "C" __global__ void __launch_bounds__(256) augment_noise_add_f32(
    const float* mixed, const NoiseDraw* draws, float* rows, int pixels, int channels)
{
    const NoiseDraw& draw = draws[blockIdx.y];
    const float* plane = mixed + ((i64)blockIdx.y * NoiseGroupChannels + blockIdx.x) * pixels;
    float* row = rows + (i64)draw.row * pixels * channels + blockIdx.x;
    NoiseMoments moments = noiseMoments(plane, pixels);
    for (int i = threadIdx.x; i < pixels; i += blockDim.x)
    {
        float* to = row + (i64)i * channels;
        *to = __fmaf_rn(__fmul_rn(__fsub_rn(plane[i], moments.mean), moments.scale), draw.strength, *to);
    }
}
