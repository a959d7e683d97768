// Dropout and stochastic depth: the draws of the host's CpuBackend bit for bit. Counter = (purpose, epoch, sample, block of 4 elements);
// the epoch lies in device memory, because it changes while the captured step does not.

/// One Philox block is four neighbouring elements of one sample.
constexpr int DrawElements = 4;

template<int N, class T> DEVICE void dropElements(
    const T* x, T* y, const PhiloxWords& words, int first, float probability, float keepScale, bool accumulate)
{
    float value[N], before[N];
    loadPacked<N>(value, x);
    if (accumulate)
        loadPacked<N>(before, y);
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        value[i] = unitFloat(words.word[first + i]) >= probability ? value[i] * keepScale : 0.0f;
        if (accumulate)
            value[i] += before[i];
    }
    storePacked<N>(y, value);
}

template<class T> DEVICE void dropout(
    const T* x, const int* sampleIds, const int* epoch, T* y, int samples, int sampleLength, u64 seed, u32 purpose, float probability,
    float keepScale, int accumulate)
{
    i64 blocks = ((i64)sampleLength + DrawElements - 1) / DrawElements;
    bool wide = sampleLength % DrawElements == 0 && isAligned16(x) && isAligned16(y);
    u32 turn = (u32)*epoch;
    for (int sample = blockIdx.y; sample < samples; sample += gridDim.y)
    {
        u32 id = (u32)sampleIds[sample];
        for (i64 block = globalThread(); block < blocks; block += globalThreads())
        {
            PhiloxWords words = philox(seed, purpose, turn, id, (u32)block);
            i64 offset = (i64)sample * sampleLength + block * DrawElements;
            if (wide)
            {
                dropElements<DrawElements>(x + offset, y + offset, words, 0, probability, keepScale, accumulate != 0);
                continue;
            }
            i64 left = sampleLength - block * DrawElements;
#pragma unroll
            for (int i = 0; i < DrawElements; i++)
                if (i < left)
                    dropElements<1>(x + offset + i, y + offset + i, words, i, probability, keepScale, accumulate != 0);
        }
    }
}

template<class T> struct DepthElements
{
    const T* x;
    const T* branch;
    T* y;
    float factor;

    /// A branch that is not kept is not read: it may hold anything, even infinities.
    template<int N> DEVICE void invoke(i64 i) const
    {
        float value[N] = {};
        if (factor != 0)
            loadPacked<N>(value, branch + i);
#pragma unroll
        for (int k = 0; k < N; k++)
            value[k] *= factor;
        if (x)
        {
            float base[N];
            loadPacked<N>(base, x + i);
#pragma unroll
            for (int k = 0; k < N; k++)
                value[k] += base[k];
        }
        storePacked<N>(y + i, value);
    }
};

template<class T> DEVICE void stochasticDepth(
    const T* x, const T* branch, const int* sampleIds, const int* epoch, T* y, int samples, int sampleLength, u64 seed, u32 purpose,
    float probability, float keepScale)
{
    bool wide = sampleLength % Lanes<T>::count == 0 && isAligned16(x) && isAligned16(branch) && isAligned16(y);
    for (int sample = blockIdx.y; sample < samples; sample += gridDim.y)
    {
        bool keep = unitFloat(philox(seed, purpose, (u32)*epoch, (u32)sampleIds[sample], 0).word[0]) >= probability;
        i64 offset = (i64)sample * sampleLength;
        DepthElements<T> elements{x ? x + offset : x, branch + offset, y + offset, keep ? keepScale : 0.0f};
        forEachElement<Lanes<T>::count>(sampleLength, wide, elements);
    }
}

// maths        y (+)= x [u >= p] / (1 - p); keepScale = 1 / (1 - p), or 0 where p is 1. The backward pass is the same on dy.
// layout       x, y [samples, sampleLength]; sampleIds [samples]; epoch [1]; y may be x
// launch       grid (draws of a sample / 256, samples up to 65535), block 256: a thread a Philox block
// determinism  a draw depends on (seed, purpose, epoch, sample, element) alone
// CPU twin     CpuBackend.Dropout: the same mask to the bit
extern "C" __global__ void __launch_bounds__(256) dropout_mask_f32(
    const float* x, const int* sampleIds, const int* epoch, float* y, int samples, int sampleLength, u64 seed, u32 purpose,
    float probability, float keepScale, int accumulate)
{
    dropout(x, sampleIds, epoch, y, samples, sampleLength, seed, purpose, probability, keepScale, accumulate);
}

extern "C" __global__ void __launch_bounds__(256) dropout_mask_bf16(
    const bf16* x, const int* sampleIds, const int* epoch, bf16* y, int samples, int sampleLength, u64 seed, u32 purpose,
    float probability, float keepScale, int accumulate)
{
    dropout(x, sampleIds, epoch, y, samples, sampleLength, seed, purpose, probability, keepScale, accumulate);
}

// maths        y = x + branch [u >= p] / (1 - p), one draw a sample; without x (the backward pass) y = branch [u >= p] / (1 - p)
// layout       x (or absent), branch, y [samples, sampleLength]; sampleIds [samples]; epoch [1]; y may be x or branch
// launch       grid (sampleLength / 256 lanes, samples up to 65535), block 256
// determinism  a draw depends on (seed, purpose, epoch, sample) alone
// CPU twin     CpuBackend.StochasticDepth: the same samples kept
extern "C" __global__ void __launch_bounds__(256) dropout_depth_f32(
    const float* x, const float* branch, const int* sampleIds, const int* epoch, float* y, int samples, int sampleLength, u64 seed,
    u32 purpose, float probability, float keepScale)
{
    stochasticDepth(x, branch, sampleIds, epoch, y, samples, sampleLength, seed, purpose, probability, keepScale);
}

extern "C" __global__ void __launch_bounds__(256) dropout_depth_bf16(
    const bf16* x, const bf16* branch, const int* sampleIds, const int* epoch, bf16* y, int samples, int sampleLength, u64 seed,
    u32 purpose, float probability, float keepScale)
{
    stochasticDepth(x, branch, sampleIds, epoch, y, samples, sampleLength, seed, purpose, probability, keepScale);
}
