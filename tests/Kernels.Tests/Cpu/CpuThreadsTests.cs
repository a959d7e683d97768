using Robustify.Kernels.Cpu;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class CpuThreadsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void EveryPieceIsDoneExactlyOnceByAWorkerOfTheCrew(int workers)
    {
        using var threads = new CpuThreads(workers);
        for (int round = 0; round < 300; round++)
        {
            int pieces = round % 41;
            var body = new Counting { Times = new int[pieces + 1], Worker = new int[pieces + 1], Workers = workers };
            threads.For(pieces, ref body);
            Assert.Equal(Enumerable.Repeat(1, pieces).Append(0), body.Times);
            Assert.All(body.Worker, worker => Assert.InRange(worker, 0, workers - 1));
        }
    }

    // The number of a worker names its scratch memory: two pieces with one number at the same time would write over each other.
    [Fact]
    public void NoTwoPiecesUseOneWorkersScratchAtATime()
    {
        using var threads = new CpuThreads(4);
        var body = new Overlap { Busy = new int[4], Clashes = new int[1] };
        for (int round = 0; round < 100; round++)
            threads.For(64, ref body);
        Assert.Equal(0, body.Clashes[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AFailureInAPieceSurfacesAndTheCrewGoesOn(int workers)
    {
        using var threads = new CpuThreads(workers);
        for (int round = 0; round < 20; round++)
        {
            var failing = new Failing { At = round * 3 };
            var error = Assert.Throws<RobustifyException>(() => threads.For(64, ref failing));
            Assert.Contains("piece is broken", error.Message);
            var body = new Counting { Times = new int[64], Worker = new int[64], Workers = workers };
            threads.For(64, ref body);
            Assert.Equal(Enumerable.Repeat(1, 64), body.Times);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void SharingOutWorkAllocatesNothing(int workers)
    {
        using var threads = new CpuThreads(workers);
        var body = new Counting { Times = new int[64], Worker = new int[64], Workers = workers };
        threads.For(64, ref body);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
            threads.For(64, ref body);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void SeveralCallersTakeTurns()
    {
        using var threads = new CpuThreads(2);
        int[] totals = new int[4];
        Parallel.For(0, 4, caller =>
        {
            for (int round = 0; round < 200; round++)
            {
                var body = new Counting { Times = new int[9], Worker = new int[9], Workers = 2 };
                threads.For(9, ref body);
                totals[caller] += body.Times.Sum();
            }
        });
        Assert.Equal([1800, 1800, 1800, 1800], totals);
    }

    // Dispose joins the threads: it returns at all only where every one of them has ended.
    [Fact]
    public async Task DisposingEndsTheThreads()
    {
        for (int round = 0; round < 20; round++)
        {
            var threads = new CpuThreads(3);
            if (round % 2 == 0)
                Work(threads);
            await Task.Run(threads.Dispose).WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1025)]
    public void ImpossibleCrewsAreRefusedInOneLine(int workers)
    {
        var error = Assert.Throws<RobustifyException>(() => new CpuThreads(workers));
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains($"{workers}", error.Message);
    }

    private static void Work(CpuThreads threads)
    {
        var body = new Counting { Times = new int[8], Worker = new int[8], Workers = threads.Count };
        threads.For(8, ref body);
    }

    private struct Counting : IParallelBody
    {
        public int[] Times, Worker;
        public int Workers;

        public readonly void Invoke(int index, int worker)
        {
            Interlocked.Increment(ref Times[index]);
            Worker[index] = worker;
        }
    }

    private struct Overlap : IParallelBody
    {
        public int[] Busy, Clashes;

        public readonly void Invoke(int index, int worker)
        {
            if (Interlocked.Increment(ref Busy[worker]) != 1)
                Interlocked.Increment(ref Clashes[0]);
            Thread.SpinWait(50);
            Interlocked.Decrement(ref Busy[worker]);
        }
    }

    private struct Failing : IParallelBody
    {
        public int At;

        public readonly void Invoke(int index, int worker)
        {
            if (index == At)
                throw new RobustifyException("the piece is broken");
        }
    }
}
