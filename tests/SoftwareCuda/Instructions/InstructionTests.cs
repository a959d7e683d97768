using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests.Instructions;

/// <summary>
/// The emulated instructions against plain loops. All operands are small whole numbers, so that every sum is exact and the comparison too.
/// Run in the check build and a random order: the emulation itself must raise no alarm.
/// </summary>
public sealed class InstructionTests : IDisposable
{
    private readonly SoftwareDevice? device = SoftwareLibrary.Missing is null
        ? new SoftwareDevice(new() { Check = true, Order = ThreadOrder.Random, Seed = 11 }) : null;

    private TestDriver? opened;
    private nint module;

    public void Dispose() => device?.Dispose();

    [SoftwareCudaFact]
    public void Mma_multiplies_bf16_fragments_and_adds_to_the_accumulator()
    {
        float[] a = Whole(16 * 16, 3), b = Whole(8 * 16, 5), c = Whole(16 * 8, 7);
        nint d = Driver.Upload<float>(c);
        Launch("mma_bf16", 32, Driver.Upload<ushort>(BFloat16(a)), Driver.Upload<ushort>(BFloat16(b)), d);
        Assert.Equal(Product(a, b, c, 16), Driver.Download<float>(d, 128));
    }

    [SoftwareCudaFact]
    public void Mma_multiplies_tf32_fragments()
    {
        float[] a = Whole(16 * 8, 3), b = Whole(8 * 8, 5);
        nint d = Driver.New(128 * 4);
        Launch("mma_tf32", 32, Driver.Upload<float>(a), Driver.Upload<float>(b), d);
        Assert.Equal(Product(a, b, new float[128], 8), Driver.Download<float>(d, 128));
    }

    [SoftwareCudaFact]
    public void Ldmatrix_gives_each_lane_two_neighbours_of_its_row_or_of_its_column()
    {
        ushort[] m = [.. Enumerable.Range(0, 256).Select(i => (ushort)i)];
        nint plain = Driver.New(512), transposed = Driver.New(512);
        Launch("ldmatrix_both", 32, Driver.Upload<ushort>(m), plain, transposed);
        uint Pair(int first, int second) => m[first] | (uint)m[second] << 16;
        var lanes = Enumerable.Range(0, 128).Select(i => (Matrix: i % 4 * 64, Row: i / 4 / 4, Column: i / 4 % 4 * 2)).ToArray();
        Assert.Equal(lanes.Select(at => Pair(at.Matrix + at.Row * 8 + at.Column, at.Matrix + at.Row * 8 + at.Column + 1)), Driver.Download<uint>(plain, 128));
        Assert.Equal(lanes.Select(at => Pair(at.Matrix + at.Column * 8 + at.Row, at.Matrix + (at.Column + 1) * 8 + at.Row)), Driver.Download<uint>(transposed, 128));
    }

    [SoftwareCudaFact]
    public void Asynchronous_copies_arrive_with_their_group_and_are_filled_up_with_zeros()
    {
        float[] x = Whole(128, 9);
        nint y = Driver.New(96 * 4);
        Launch("copy_groups", 32, Driver.Upload<float>(x), y);
        float[] expected = [.. Enumerable.Range(0, 32).Select(i => x[i * 4 + 3]), .. Enumerable.Range(0, 32).Select(i => x[i * 4]), .. new float[32]];
        Assert.Equal(expected, Driver.Download<float>(y, 96));
    }

    [SoftwareCudaFact]
    public void Named_barriers_hand_over_between_two_warps()
    {
        nint y = Driver.New(128);
        Launch("named_barriers", 64, y, 10);
        Assert.Equal(Enumerable.Range(0, 32).Select(lane => 45f + 10 * lane), Driver.Download<float>(y, 32));
    }

    [SoftwareCudaFact]
    public void Shuffles_and_votes_follow_their_definition()
    {
        nint shuffled = Driver.New(512), votes = Driver.New(128);
        Launch("warp_functions", 32, shuffled, votes);
        var lanes = Enumerable.Range(0, 32).ToArray();
        Assert.Equal(
            [.. lanes.Select(l => l ^ 5), .. lanes.Select(l => l + 3 < 32 ? l + 3 : l), .. lanes.Select(l => l < 3 ? l : l - 3), .. lanes.Select(l => l / 8 * 8 + 1)],
            Driver.Download<float>(shuffled, 128).Select(v => (int)v));
        Assert.All(Driver.Download<uint>(votes, 32), vote => Assert.Equal(0x49249249u, vote));
    }

    private TestDriver Driver => opened ??= new TestDriver(device!);

    private void Launch(string kernel, int threads, params ReadOnlySpan<long> arguments)
    {
        if (module == 0)
            module = Driver.Compile(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Instructions", "instructions.cu")), "instructions.cu");
        int code = Driver.Launch(Driver.Function(module, kernel), (1, 1, 1), (threads, 1, 1), 0, arguments);
        Assert.True(code == 0, device!.Report);
        device!.ExpectClean();
    }

    private static float[] Whole(int count, int step) => [.. Enumerable.Range(0, count).Select(i => (float)(i * step % 17 - 8))];

    private static ushort[] BFloat16(float[] values) => [.. values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))];

    /// <summary>c[16, 8] + a[16, k] b[8, k] transposed.</summary>
    private static float[] Product(float[] a, float[] b, float[] c, int k) =>
        [.. Enumerable.Range(0, 128).Select(i => c[i] + Enumerable.Range(0, k).Sum(p => a[i / 8 * k + p] * b[i % 8 * k + p]))];
}
