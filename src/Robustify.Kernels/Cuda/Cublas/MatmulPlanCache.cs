using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Kernels.Cuda.Cublas;

/// <summary>
/// Products made ready, one for each shape. The first time a shape is met outside of a captured step, several algorithms are timed on the
/// operands at hand (the result goes to memory of its own) and the fastest is kept, here and in a file beside the compiled kernels.
/// </summary>
internal sealed class MatmulPlanCache : IDisposable
{
    /// <summary>Workspace of every product; split-K algorithms and Hopper's need some.</summary>
    public const long WorkspaceBytes = 32L << 20;

    private const int MaximumCandidates = 8;
    private const int TimedRuns = 5;

    private readonly CublasLtApi api;
    private readonly DriverApi driver;
    private readonly nint stream;
    private readonly nint handle;
    private readonly nint workspace;
    private readonly bool deterministic;
    private readonly MatmulChoices choices;
    private readonly Dictionary<MatmulShape, MatmulPlan> plans = [];

    public MatmulPlanCache(CublasLtApi api, CudaDevice device, KernelCache cache, nint stream, bool deterministic)
    {
        this.api = api;
        this.stream = stream;
        this.deterministic = deterministic;
        driver = device.Driver;
        choices = new MatmulChoices(cache, $"{device.Name} sm_{device.Architecture}", api.Version);
        handle = api.Create();
        int code = driver.TryMemAlloc(WorkspaceBytes, out workspace);
        if (code != DriverError.Success)
        {
            api.Destroy(handle);
            throw driver.Failure(code, "cuMemAlloc", $"{WorkspaceBytes >> 20} MiB of workspace for matrix products");
        }
    }

    /// <summary>The product made ready; timed where it is met for the first time outside of a captured step.</summary>
    /// <param name="shape">The product.</param>
    /// <param name="a">Address of A.</param>
    /// <param name="b">Address of B.</param>
    /// <param name="bias">Address of the bias, or 0.</param>
    /// <param name="isCapturing">Whether the stream's work is being written down, so that nothing can be timed.</param>
    public MatmulPlan Ready(in MatmulShape shape, nint a, nint b, nint bias, bool isCapturing)
    {
        if (!plans.TryGetValue(shape, out var plan))
        {
            plan = new MatmulPlan(api, shape);
            plans.Add(shape, plan);
        }

        if (shape.HasBias)
            plan.SetBias(bias);
        if (!plan.IsTuned)
            Choose(plan, a, b, isCapturing);
        return plan;
    }

    /// <summary>Queues D (+)= op(A) op(B) (+ bias).</summary>
    public void Run(MatmulPlan plan, nint a, nint b, nint d)
    {
        // The operands change places: see MatmulShape.
        int code = api.TryMatmul(handle, plan.Descriptors, b, a, d, plan.Shape.Accumulate ? 1 : 0, plan.Algorithm, workspace, WorkspaceBytes, stream);
        if (code != 0)
            throw api.Failure(code, "cublasLtMatmul", plan.Shape.Key);
    }

    /// <summary>Writes the choices made so far to their file.</summary>
    public void Save()
    {
        if (!deterministic)
            choices.Save();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Save();
        foreach (var plan in plans.Values)
            plan.Release();
        plans.Clear();
        driver.MemFree(workspace);
        api.Destroy(handle);
    }

    private void Choose(MatmulPlan plan, nint a, nint b, bool isCapturing)
    {
        string key = plan.Shape.Key;
        if (!deterministic && choices.TryGet(key, out var kept) && api.IsUsable(handle, plan.Descriptors, kept, out long needed) && needed <= WorkspaceBytes)
        {
            (plan.Algorithm, plan.IsTuned) = (kept, true);
            return;
        }

        Span<MatmulCandidate> candidates = stackalloc MatmulCandidate[MaximumCandidates];
        candidates = candidates[..Search(plan, candidates)];
        if (candidates.IsEmpty)
            throw api.Failure(15, "cublasLtMatmulAlgoGetHeuristic", key);
        plan.Algorithm = candidates[0].Algorithm;
        plan.IsTuned = deterministic || !isCapturing;
        if (deterministic || isCapturing)
            return;
        if (candidates.Length > 1)
            plan.Algorithm = Fastest(plan, candidates, a, b);
        choices.Set(key, plan.Algorithm);
    }

    private int Search(MatmulPlan plan, Span<MatmulCandidate> candidates)
    {
        nint preference = api.PreferenceCreate();
        try
        {
            api.PreferenceSet(preference, MatmulPreference.MaximumWorkspaceBytes, (ulong)WorkspaceBytes);
            api.PreferenceSet(preference, MatmulPreference.AlignmentA, (uint)plan.Shape.AlignmentB);
            api.PreferenceSet(preference, MatmulPreference.AlignmentB, (uint)plan.Shape.AlignmentA);
            api.PreferenceSet(preference, MatmulPreference.AlignmentC, (uint)plan.Shape.AlignmentD);
            api.PreferenceSet(preference, MatmulPreference.AlignmentD, (uint)plan.Shape.AlignmentD);
            int found = api.Candidates(handle, plan.Descriptors, preference, candidates);
            int usable = 0;
            for (int i = 0; i < found; i++)
            {
                if (candidates[i].State == 0)
                    candidates[usable++] = candidates[i];
            }

            return usable;
        }
        finally
        {
            api.PreferenceDestroy(preference);
        }
    }

    /// <summary>Times every candidate into memory of its own, because D may hold what is to be added to.</summary>
    private MatmulAlgorithm Fastest(MatmulPlan plan, ReadOnlySpan<MatmulCandidate> candidates, nint a, nint b)
    {
        var shape = plan.Shape;
        long elements = (shape.Batch - 1) * shape.BatchStrideD + (long)(shape.M - 1) * shape.StrideD + shape.N;
        if (driver.TryMemAlloc(elements * Tensors.DTypes.Size(shape.ResultType), out nint result) != DriverError.Success)
            return candidates[0].Algorithm;
        nint start = driver.EventCreate(timing: true);
        nint end = driver.EventCreate(timing: true);
        try
        {
            driver.SetBytes(result, 0, elements * Tensors.DTypes.Size(shape.ResultType), stream);
            (int best, float least) = (0, float.MaxValue);
            for (int i = 0; i < candidates.Length; i++)
            {
                float milliseconds = Time(plan, candidates[i].Algorithm, a, b, result, start, end);
                if (milliseconds < least)
                    (best, least) = (i, milliseconds);
            }

            return candidates[best].Algorithm;
        }
        finally
        {
            driver.EventDestroy(start);
            driver.EventDestroy(end);
            driver.MemFree(result);
        }
    }

    private float Time(MatmulPlan plan, MatmulAlgorithm algorithm, nint a, nint b, nint result, nint start, nint end)
    {
        float least = float.MaxValue;
        // The first run loads the kernel and is not counted.
        for (int run = 0; run <= TimedRuns; run++)
        {
            driver.EventRecord(start, stream);
            if (api.TryMatmul(handle, plan.Descriptors, b, a, result, plan.Shape.Accumulate ? 1 : 0, algorithm, workspace, WorkspaceBytes, stream) != 0)
                return float.MaxValue;
            driver.EventRecord(end, stream);
            driver.EventSynchronize(end);
            if (run > 0)
                least = Math.Min(least, driver.EventElapsedMilliseconds(start, end));
        }

        return least;
    }
}
