using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Robustify.Kernels.Random;

/// <summary>
/// Philox for consecutive blocks, several at a time: word 4 b + i of the result is word i of block <c>firstBlock + b</c>, at every width.
/// </summary>
internal static class PhiloxLanes
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>Fills <paramref name="words"/> from whole blocks; of the last one only what fits is used.</summary>
    public static void Fill(ulong key, uint c0, uint c1, uint c2, uint firstBlock, Span<uint> words)
    {
        int at = 0;
        if (Avx512F.IsSupported && Vector512.IsHardwareAccelerated)
        {
            for (; at <= words.Length - 32; at += 32, firstBlock += 8)
                EightBlocks(key, c0, c1, c2, firstBlock, ref words[at]);
        }

        if (Avx2.IsSupported)
        {
            for (; at <= words.Length - 16; at += 16, firstBlock += 4)
                FourBlocks(key, c0, c1, c2, firstBlock, ref words[at]);
        }

        Span<uint> block = stackalloc uint[4];
        for (; at < words.Length; at += 4, firstBlock++)
        {
            (block[0], block[1], block[2], block[3]) = Philox.Block(key, c0, c1, c2, firstBlock);
            int count = Math.Min(4, words.Length - at);
            block[..count].CopyTo(words[at..]);
        }
    }

    // A 64-bit lane a block. The multiplication reads the low half of a lane alone, so whatever lies in the high half may stay there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourBlocks(ulong key, uint c0, uint c1, uint c2, uint firstBlock, ref uint words)
    {
        var x0 = Vector256.Create((ulong)c0);
        var x1 = Vector256.Create((ulong)c1);
        var x2 = Vector256.Create((ulong)c2);
        var x3 = Vector256.Create((ulong)firstBlock) + Vector256.Create(0UL, 1, 2, 3);
        var multiplier0 = Vector256.Create((ulong)Multiplier0).AsUInt32();
        var multiplier1 = Vector256.Create((ulong)Multiplier1).AsUInt32();
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            var product0 = Avx2.Multiply(x0.AsUInt32(), multiplier0);
            var product1 = Avx2.Multiply(x2.AsUInt32(), multiplier1);
            x0 = (product1 >> 32) ^ x1 ^ Vector256.Create((ulong)k0);
            x1 = product1;
            x2 = (product0 >> 32) ^ x3 ^ Vector256.Create((ulong)k1);
            x3 = product0;
            k0 += Weyl0;
            k1 += Weyl1;
        }

        var low = Vector256.Create(0xFFFF_FFFFUL);
        var first = (x0 & low) | (x1 << 32);
        var second = (x2 & low) | (x3 << 32);
        var even = Avx2.UnpackLow(first, second);
        var odd = Avx2.UnpackHigh(first, second);
        ref ulong to = ref Unsafe.As<uint, ulong>(ref words);
        Avx2.Permute2x128(even, odd, 0x20).StoreUnsafe(ref to);
        Avx2.Permute2x128(even, odd, 0x31).StoreUnsafe(ref to, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightBlocks(ulong key, uint c0, uint c1, uint c2, uint firstBlock, ref uint words)
    {
        var x0 = Vector512.Create((ulong)c0);
        var x1 = Vector512.Create((ulong)c1);
        var x2 = Vector512.Create((ulong)c2);
        var x3 = Vector512.Create((ulong)firstBlock) + Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7);
        var multiplier0 = Vector512.Create((ulong)Multiplier0).AsUInt32();
        var multiplier1 = Vector512.Create((ulong)Multiplier1).AsUInt32();
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            var product0 = Avx512F.Multiply(x0.AsUInt32(), multiplier0);
            var product1 = Avx512F.Multiply(x2.AsUInt32(), multiplier1);
            x0 = (product1 >> 32) ^ x1 ^ Vector512.Create((ulong)k0);
            x1 = product1;
            x2 = (product0 >> 32) ^ x3 ^ Vector512.Create((ulong)k1);
            x3 = product0;
            k0 += Weyl0;
            k1 += Weyl1;
        }

        var low = Vector512.Create(0xFFFF_FFFFUL);
        var first = (x0 & low) | (x1 << 32);
        var second = (x2 & low) | (x3 << 32);
        ref ulong to = ref Unsafe.As<uint, ulong>(ref words);
        Avx512F.PermuteVar8x64x2(first, Vector512.Create(0UL, 8, 1, 9, 2, 10, 3, 11), second).StoreUnsafe(ref to);
        Avx512F.PermuteVar8x64x2(first, Vector512.Create(4UL, 12, 5, 13, 6, 14, 7, 15), second).StoreUnsafe(ref to, 8);
    }
}
