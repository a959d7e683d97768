using System.Diagnostics;
using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Kernels;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Mutation;

/// <summary>
/// The tests of the tests: with any one barrier, commit or wait of kernels.cu left out, a parity case that comes past it must fail. Each
/// mutant runs in the fast build under several orders of threads (wrong bits, NaN, a fault), then in the check build (a race).
/// </summary>
public sealed unsafe class MutationTests
{
    /// <summary>Cases that are run for one mutant at most.</summary>
    private const int CasesOfOneMutant = 3;

    private static readonly SoftwareDeviceOptions[] Runs =
    [
        new(), new() { Order = ThreadOrder.Reverse }, new() { Order = ThreadOrder.Random, Seed = 3 }, new() { Check = true },
    ];

    private sealed record Reference(MutantRun Run, ulong Bits, double Seconds);

    [SoftwareCudaFact]
    public void Every_barrier_commit_and_wait_is_missed_when_it_is_left_out()
    {
        var source = new MutatedSource(KernelSource.Read());
        Assert.True(source.Sites.Count > 20, $"{source.Sites.Count} barriers found in the sources");
        var program = new KernelProgram(source.Text, KernelTable.Signatures);
        var reaching = Baseline(source, program);
        var survivors = new List<string>();
        foreach (var site in source.Sites)
        {
            if (reaching[site.Number].Count == 0)
                survivors.Add($"{site}: no case comes past it");
            else if (!Runs.Any(options => Fails(site, Chosen(reaching[site.Number]), options, program))
                && !Runs.Any(options => Fails(site, [.. reaching[site.Number]], options, program)))
                survivors.Add($"{site}: left out, and nothing fails ({string.Join(", ", reaching[site.Number].Select(reference => reference.Run.Name))})");
        }

        Assert.True(survivors.Count == 0, string.Join('\n', survivors));
    }

    /// <summary>Every case with nothing left out: its bits, and which sites it comes past.</summary>
    private static List<Reference>[] Baseline(MutatedSource source, KernelProgram program)
    {
        var reaching = source.Sites.Select(_ => new List<Reference>()).ToArray();
        using var device = new SoftwareDevice();
        var takeReached = (delegate* unmanaged<int, int>)device.Entry("swcuda_take_reached");
        Remove(device, null);
        using var backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions { Deterministic = true }, program);
        foreach (var site in source.Sites)
            takeReached(site.Number);
        foreach (var run in MutantRun.All())
        {
            long start = Stopwatch.GetTimestamp();
            (bool right, ulong bits) = run.Outcome(backend);
            Assert.True(right, $"{run.Name}: wrong with nothing left out");
            var reference = new Reference(run, bits, Stopwatch.GetElapsedTime(start).TotalSeconds);
            foreach (var site in source.Sites)
            {
                if (takeReached(site.Number) != 0)
                    reaching[site.Number].Add(reference);
            }
        }

        return reaching;
    }

    /// <summary>The cheapest case of several operations, and the costliest of all: a barrier between rounds of a loop needs more than one round.</summary>
    private static Reference[] Chosen(List<Reference> reaching)
    {
        var cheapest = reaching.OrderBy(reference => reference.Seconds).DistinctBy(reference => reference.Run.Group).Take(CasesOfOneMutant - 1);
        return [.. cheapest.Append(reaching.MaxBy(reference => reference.Seconds)!).Distinct()];
    }

    private static bool Fails(Site site, Reference[] references, SoftwareDeviceOptions options, KernelProgram program)
    {
        using var device = new SoftwareDevice(options);
        Remove(device, site);
        try
        {
            using var backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions { Deterministic = true }, program);
            return references.Any(reference => reference.Run.Outcome(backend) is var (right, bits) && (!right || bits != reference.Bits || device.Report.Length > 0));
        }
        catch (RobustifyException)
        {
            return true;    // a fault, which the driver reported
        }
        finally
        {
            Remove(device, null);
        }
    }

    private static void Remove(SoftwareDevice device, Site? site) =>
        ((delegate* unmanaged<int, void>)device.Entry("swcuda_remove"))(site?.Number ?? -1);
}
