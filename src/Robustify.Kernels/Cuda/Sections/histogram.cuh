// Histograms of 8-bit levels: a block counts one plane. Counts are whole numbers, so their atomic additions give one result in any order.

constexpr int Levels = 256;

/// counts = how often each level occurs among `length` elements that lie `step` apart; complete in every thread on return. A block of 256.
DEVICE void countLevels(const u8* x, i64 length, i64 step, int* counts)
{
    counts[threadIdx.x] = 0;
    __syncthreads();
    for (i64 i = threadIdx.x; i < length; i += blockDim.x)
        atomicAdd(counts + x[i * step], 1);
    __syncthreads();
}
