// What every section uses: own types, accesses generic over storage, reductions in a fixed order, Philox.
//
// Arithmetic is float32 in registers whatever the storage is. No float atomics anywhere: a reduction's order depends on the shape and
// the launch geometry, which depends on the shape alone, so two runs agree bit for bit.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define DEVICE __device__ __forceinline__

constexpr int WarpLanes = 32;
constexpr u32 FullWarp = 0xffffffffu;

// NVRTC without the toolkit's headers does not define them.
#ifndef INFINITY
#define INFINITY __uint_as_float(0x7f800000u)
#endif
#ifndef NAN
#define NAN __uint_as_float(0x7fc00000u)
#endif

// ---- Storage -----------------------------------------------------------------------------------------------------------------------

/// The upper half of a float32. Two bytes of storage; arithmetic happens after load() and before store().
struct bf16
{
    u16 bits;
};

DEVICE float toFloat(float value) { return value; }
DEVICE float toFloat(bf16 value) { return __uint_as_float((u32)value.bits << 16); }
DEVICE float toFloat(u8 value) { return (float)value; }

/// Rounds to nearest, ties to even; every NaN becomes 0x7fff, as the hardware's own conversion has it.
DEVICE bf16 toBf16(float value)
{
    u32 bits = __float_as_uint(value);
    bf16 result;
    result.bits = (bits & 0x7fffffffu) > 0x7f800000u ? (u16)0x7fff : (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    return result;
}

template<class T> DEVICE T fromFloat(float value);
template<> DEVICE float fromFloat<float>(float value) { return value; }
template<> DEVICE bf16 fromFloat<bf16>(float value) { return toBf16(value); }

template<class T> DEVICE float load(const T* source) { return toFloat(*source); }
template<class T> DEVICE void store(T* destination, float value) { *destination = fromFloat<T>(value); }

/// N elements that lie side by side, moved by accesses of up to 16 bytes. The address must be a multiple of the alignment; one element
/// needs no more than its own.
template<class T, int N> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Packed
{
    T value[N];
};

/// Elements of T in one 16-byte access.
template<class T> struct Lanes
{
    static constexpr int count = 16 / (int)sizeof(T);
};

DEVICE bool isAligned16(const void* pointer) { return ((u64)pointer & 15u) == 0; }

/// value = source[0 .. N), by wide accesses; source is aligned to Packed<T, N>.
template<int N, class T> DEVICE void loadPacked(float (&value)[N], const T* source)
{
    const Packed<T, N> packed = *(const Packed<T, N>*)source;
#pragma unroll
    for (int i = 0; i < N; i++)
        value[i] = toFloat(packed.value[i]);
}

/// destination[0 .. N) = value, by wide accesses; destination is aligned to Packed<T, N>.
template<int N, class T> DEVICE void storePacked(T* destination, const float (&value)[N])
{
    Packed<T, N> packed;
#pragma unroll
    for (int i = 0; i < N; i++)
        packed.value[i] = fromFloat<T>(value[i]);
    *(Packed<T, N>*)destination = packed;
}

// ---- Where a thread stands ---------------------------------------------------------------------------------------------------------

DEVICE int laneIndex() { return (int)(threadIdx.x & (WarpLanes - 1)); }
DEVICE int warpIndex() { return (int)(threadIdx.x / WarpLanes); }
DEVICE int warpsInBlock() { return (int)(blockDim.x / WarpLanes); }

/// Number of this thread in a one-dimensional grid, and the threads of that grid.
DEVICE i64 globalThread() { return (i64)blockIdx.x * blockDim.x + threadIdx.x; }
DEVICE i64 globalThreads() { return (i64)gridDim.x * blockDim.x; }

template<class T> DEVICE T smaller(T a, T b) { return b < a ? b : a; }
template<class T> DEVICE T larger(T a, T b) { return a < b ? b : a; }
DEVICE int ceilDivide(int value, int divisor) { return (value + divisor - 1) / divisor; }

/// Runs an operation over a flat range: invoke<N>(i) computes elements i .. i + N - 1 by wide accesses; invoke<1> does what is left over,
/// or everything where an operand is not aligned (`wide` is false). Any grid and block will do.
template<int N, class TOperation> DEVICE void forEachElement(i64 count, bool wide, const TOperation& operation)
{
    i64 packs = wide ? count / N : 0;
    for (i64 pack = globalThread(); pack < packs; pack += globalThreads())
        operation.template invoke<N>(pack * N);
    for (i64 i = packs * N + globalThread(); i < count; i += globalThreads())
        operation.template invoke<1>(i);
}

// ---- Reductions --------------------------------------------------------------------------------------------------------------------

struct Sum
{
    template<class T> static DEVICE T combine(T a, T b) { return a + b; }
    template<class T> static DEVICE T identity() { return (T)0; }
};

/// NaN is kept, so a broken value shows instead of vanishing.
struct Maximum
{
    template<class T> static DEVICE T combine(T a, T b) { return a >= b || a != a ? a : b; }
    template<class T> static DEVICE T identity() { return (T)-INFINITY; }
};

/// The reduction over the warp's 32 lanes, in every lane: a butterfly, so all lanes hold the same bits.
template<class TOperation, class T> DEVICE T warpReduce(T value)
{
#pragma unroll
    for (int offset = WarpLanes / 2; offset > 0; offset /= 2)
        value = TOperation::combine(value, __shfl_xor_sync(FullWarp, value, offset));
    return value;
}

template<class T> DEVICE T warpSum(T value) { return warpReduce<Sum>(value); }
template<class T> DEVICE T warpMaximum(T value) { return warpReduce<Maximum>(value); }

/// The reduction over a one-dimensional block whose size is a multiple of 32, in every thread. `slots` is shared memory of one element a
/// warp, which no other reduction of the kernel may use without a barrier between.
template<class TOperation, class T> DEVICE T blockReduce(T value, T* slots)
{
    value = warpReduce<TOperation>(value);
    if (laneIndex() == 0)
        slots[warpIndex()] = value;
    __syncthreads();
    T other = laneIndex() < warpsInBlock() ? slots[laneIndex()] : TOperation::template identity<T>();
    return warpReduce<TOperation>(other);
}

template<class T> DEVICE T blockSum(T value, T* slots) { return blockReduce<Sum>(value, slots); }
template<class T> DEVICE T blockMaximum(T value, T* slots) { return blockReduce<Maximum>(value, slots); }

// ---- Random draws ------------------------------------------------------------------------------------------------------------------

struct PhiloxWords
{
    u32 word[4];
};

/// Philox4x32-10 (Salmon et al., SC 2011): four words for one counter under one key, the bits of the host's Philox.Block.
DEVICE PhiloxWords philox(u64 key, u32 c0, u32 c1, u32 c2, u32 c3)
{
    u32 k0 = (u32)key, k1 = (u32)(key >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++)
    {
        u32 high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
        u32 high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    PhiloxWords words;
    words.word[0] = c0;
    words.word[1] = c1;
    words.word[2] = c2;
    words.word[3] = c3;
    return words;
}

/// A word as a float in [0, 1): the top 24 bits, as the host's Philox.ToUnitFloat.
DEVICE float unitFloat(u32 word) { return (float)(word >> 8) * (1.0f / 16777216.0f); }
