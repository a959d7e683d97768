using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;

namespace Robustify.Native.Training;

/// <summary>
/// Moves a flat range of parameters along its gradients. Parameters, gradients and state are views of the caller's, in the device's
/// memory, and element i of each belongs together; its own are only the numbers of the step and the norm. Only the segments are touched,
/// so gaps (alignment) may hold anything. A step allocates nothing.
/// </summary>
public abstract class Optimizer : IDisposable
{
    // Numbers of the step, and behind them the sum of squares, each on a cache line.
    private const int SumOffset = 64, ControlBytes = 128;

    private readonly Run[] runs;
    private readonly TensorView[] gradients;
    private readonly ComputeTarget target;
    private readonly DeviceBuffer control;

    private protected Optimizer(OptimizerOptions options, IBackend backend, OptimizerState[] state, Run[] runs)
    {
        Options = options;
        Backend = backend;
        target = new ComputeTarget(backend);
        control = backend.Allocate(ControlBytes, "optimizer constants");
        Constants = control.View(0, new Shape(OptimizerConstants.Floats));
        Sum = control.View(SumOffset, new Shape(1), DType.Float64);
        State = state;
        this.runs = runs;
        gradients = Array.ConvertAll(runs, run => run.Gradients);
    }

    /// <summary>The constants in use.</summary>
    public OptimizerOptions Options { get; }

    /// <summary>Steps taken so far; 0 at the start.</summary>
    public long CompletedSteps { get; private set; }

    /// <summary>The state buffers by name; none for SGD without momentum.</summary>
    public IReadOnlyList<OptimizerState> State { get; }

    /// <summary>[4]: <see cref="OptimizerConstants"/> of the step to come.</summary>
    private protected TensorView Constants { get; }

    /// <summary>[1]: square of the norm of the last gradients.</summary>
    private protected TensorView Sum { get; }

    private protected IBackend Backend { get; }

    /// <summary>Floats of state that an optimiser needs for a flat range of <paramref name="elements"/> parameters.</summary>
    public static long StateLength(OptimizerOptions options, long elements) => elements * StateNames(options).Length;

    /// <summary>An optimiser at its first step.</summary>
    /// <param name="options">Validated here.</param>
    /// <param name="backend">The device that holds the memory.</param>
    /// <param name="parameters">Flat range [elements].</param>
    /// <param name="gradients">[elements]; read, and scaled by clipping.</param>
    /// <param name="state">[<see cref="StateLength"/>], zeroed by the caller; absent where that is 0.</param>
    /// <param name="segments">Ordered, disjoint runs inside the range; what lies in none of them is frozen.</param>
    /// <exception cref="RobustifyException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">The views or segments do not fit each other.</exception>
    public static Optimizer Create(
        OptimizerOptions options, IBackend backend, TensorView parameters, TensorView gradients, TensorView state,
        ReadOnlySpan<ParameterSegment> segments)
    {
        options.Validate();
        string[] names = StateNames(options);
        int elements = checked((int)parameters.Shape.Count);
        if (gradients.Shape.Count != elements || state.Shape.Count != StateLength(options, elements))
            throw new ArgumentException(
                $"{elements} parameters, {gradients.Shape.Count} gradients, {state.Shape.Count} of {StateLength(options, elements)} state elements");

        var buffers = new OptimizerState[names.Length];
        for (int i = 0; i < buffers.Length; i++)
            buffers[i] = new OptimizerState(names[i], Slice(state, (long)i * elements, elements));
        var runs = Join(options, segments, parameters, gradients, buffers);
        return options.Kind == OptimizerKind.AdamW
            ? new AdamWOptimizer(options, backend, buffers, runs)
            : new SgdOptimizer(options, backend, buffers, runs);
    }

    /// <summary>
    /// Clips the gradients of all segments together to <see cref="OptimizerOptions.MaximumGradientNorm"/>, or only measures them where
    /// that is 0.
    /// </summary>
    /// <returns>The global norm before clipping; not finite where the loss exploded: do not step then.</returns>
    public double ClipGradients()
    {
        ForgetNorm();
        QueueClipping();
        return ReadNorm();
    }

    /// <summary>One update with this step's learning rate; clip before.</summary>
    /// <exception cref="RobustifyException">The rate is negative or not finite.</exception>
    public void Step(double rate)
    {
        Prepare(rate);
        QueueUpdate();
        CompletedSteps++;
    }

    /// <summary>Continues after <paramref name="completedSteps"/> steps; the caller fills <see cref="State"/> from a checkpoint.</summary>
    public void Resume(long completedSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(completedSteps);
        CompletedSteps = completedSteps;
    }

    /// <summary>Clips the gradients on the device; <see cref="ReadNorm"/> tells the norm before.</summary>
    internal void QueueClipping() => GradientClipping.Clip(
        Backend, gradients, Sum, Options.MaximumGradientNorm > 0 ? Options.MaximumGradientNorm : double.PositiveInfinity);

    /// <summary>Gives the device the numbers of the step to come.</summary>
    /// <exception cref="RobustifyException">The rate is negative or not finite.</exception>
    internal void Prepare(double rate)
    {
        if (!(rate >= 0 && (float)rate <= float.MaxValue))
            throw new RobustifyException($"optimizer: learning rate {rate} found at step {CompletedSteps + 1}, a finite one of at least 0 expected");
        var constants = ConstantsOf((float)rate, CompletedSteps + 1);
        Backend.Upload<float>([constants.Rate, constants.AdamStepSize, constants.AdamRootScale, constants.FirstStep], Constants);
    }

    /// <summary>Updates the parameters with the prepared numbers; leaves them where the norm was not finite.</summary>
    internal void QueueUpdate()
    {
        foreach (ref readonly var run in runs.AsSpan())
            Update(in run);
    }

    /// <summary>Counts a step whose update was queued by other means than <see cref="Step"/>.</summary>
    internal void CountStep() => CompletedSteps++;

    /// <summary>The norm of the last gradients before clipping; once it was not finite it stays so until it is forgotten.</summary>
    internal double ReadNorm() => Math.Sqrt(Backend.DownloadScalar<double>(Sum));

    /// <summary>Starts the norm anew.</summary>
    internal void ForgetNorm() => Backend.Upload<double>([0], Sum);

    /// <summary>A state buffer in host memory, a copy where it lies elsewhere.</summary>
    internal TensorView OnHost(OptimizerState state, ICollection<IDisposable> copies) => target.OnHost(state.Values, copies);

    /// <summary>Replaces a state buffer by what <paramref name="fill"/> writes.</summary>
    internal void Write(OptimizerState state, FloatWriter fill) => target.Write(state.Values, fill);

    /// <inheritdoc/>
    public void Dispose() => control.Dispose();

    /// <summary>Numbers of step <paramref name="step"/>, which counts from 1.</summary>
    private protected abstract OptimizerConstants ConstantsOf(float rate, long step);

    /// <summary>Updates one run.</summary>
    private protected abstract void Update(in Run run);

    private static string[] StateNames(OptimizerOptions options) => options.Kind switch
    {
        OptimizerKind.AdamW => ["first_moment", "second_moment"],
        _ => options.Momentum == 0 ? [] : ["momentum"],
    };

    private static TensorView Slice(TensorView flat, long first, int length) =>
        new(flat.Pointer + checked((nint)(first * sizeof(float))), DType.Float32, new Shape(length));

    // Neighbours that decay alike become one run: fewer kernels, the same result.
    private static Run[] Join(
        OptimizerOptions options, ReadOnlySpan<ParameterSegment> segments, TensorView parameters, TensorView gradients,
        OptimizerState[] state)
    {
        var joined = new List<(int Offset, int Length, float Decay)>();
        long end = 0;
        foreach (var segment in segments)
        {
            if (segment.Length < 1 || segment.Offset < end || (long)segment.Offset + segment.Length > parameters.Shape.Count)
                throw new ArgumentException(
                    $"{segment} after element {end} of {parameters.Shape.Count}: segments are ordered, disjoint and inside the range");
            if (!(segment.WeightDecayMultiplier is >= 0 and < float.PositiveInfinity))
                throw new ArgumentException($"{segment}: the weight decay multiplier must be finite and at least 0");
            float decay = (float)(options.WeightDecay * segment.WeightDecayMultiplier);
            if (joined.Count > 0 && segment.Offset == end && joined[^1].Decay == decay)
                joined[^1] = joined[^1] with { Length = joined[^1].Length + segment.Length };
            else
                joined.Add((segment.Offset, segment.Length, decay));
            end = segment.Offset + segment.Length;
        }

        return [.. joined.Select(run => new Run(
            Slice(parameters, run.Offset, run.Length),
            Slice(gradients, run.Offset, run.Length),
            state.Length > 0 ? Slice(state[0].Values, run.Offset, run.Length) : default,
            state.Length > 1 ? Slice(state[1].Values, run.Offset, run.Length) : default,
            run.Decay))];
    }

    /// <summary>The views of one run; the state is absent where the optimiser keeps none.</summary>
    internal readonly record struct Run(
        TensorView Parameters, TensorView Gradients, TensorView State0, TensorView State1, float WeightDecay);
}
