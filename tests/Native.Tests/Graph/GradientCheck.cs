using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Planning;

namespace Robustify.Native.Tests.Graph;

/// <summary>
/// A graph under test: tensors as parameters, a loss, and the engine's gradient of every trained number against differences of the loss.
/// What comes out of the operation under test is summed with random weights s and enters a cross-entropy of the logits [s, 0], so every
/// element of the result counts, each in its own way.
/// </summary>
internal sealed class GradientCheck : IDisposable
{
    // The four-point stencil errs by step^4 / 30 times the fifth derivative. A loss head's value is a float near 1, whose rounding of 6e-8
    // becomes 1e-6 in the quotient with the wide step. The weighted sum is known in double, so only the rounding inside the forward pass
    // is left, and the narrow step holds the truncation of deep graphs down: fifth derivatives of some hundred stay below 1e-6.
    private const double WideStep = 1.0 / 16;
    private const double NarrowStep = 1.0 / 64;
    private const double RelativeTolerance = 3e-4;
    private const double Floor = 1e-5;

    private readonly CpuBackend backend = new(1);
    private Plan? plan;
    private WeightedSum? weightedSum;

    /// <param name="tensors">Name and extents of every parameter; all trained but those whose names begin with <c>frozen</c>.</param>
    public GradientCheck(bool training, params ReadOnlySpan<(string Name, int[] Extents)> tensors)
    {
        var specs = new List<ParameterSpec>();
        foreach (var (name, extents) in tensors)
            specs.Add(new ParameterSpec(name, new Shape(extents), Initializer.Zeros));
        Parameters = new ParameterStore(specs, s => !s.Name.StartsWith("frozen", StringComparison.Ordinal));
        Graph = new GraphBuilder(training, seed: 5);
        var random = new PhiloxStream(41, RandomPurpose.Initialization, 0, 0);
        foreach (var parameter in Parameters.All)
        {
            foreach (ref float x in parameter.Value.View.Span)
                x = (float)random.NextNormal();
        }
    }

    public GraphBuilder Graph { get; }

    public ParameterStore Parameters { get; }

    public Parameter this[string name] => Parameters[name];

    /// <summary>The parameter as a value that operations take as their input.</summary>
    public Value Leaf(string name) => Graph.Leaf(Parameters[name]);

    /// <summary>Ends the graph in a loss that weighs every element of <paramref name="result"/>.</summary>
    public void WeighIn(Value result)
    {
        var random = new PhiloxStream(42, RandomPurpose.Initialization, 0, 0);
        float[] weights = new float[result.Shape.Count];
        foreach (ref float weight in weights.AsSpan())
            weight = (float)(random.NextNormal() / Math.Sqrt(weights.Length));
        var logits = Graph.Activation("weighted sum", new Shape(1, 2), result.RequiresGradient);
        weightedSum = new WeightedSum(result, weights, logits);
        Graph.Add(weightedSum);
        Graph.Loss("loss", logits).CrossEntropy(Graph.Input("label", new Shape(1), DType.Int32), 0, 1);
    }

    /// <summary>Differentiates and takes memory; inputs can be filled after it.</summary>
    public GradientCheck Plan()
    {
        Graph.Differentiate();
        plan = new Plan(Graph).Allocate();
        if (Graph.SampleIds is not { } ids)
            return this;
        unsafe
        {
            for (int i = 0; i < ids.Shape.Count; i++)
                ids.View.Integers[i] = 17 + 3 * i;
            *Graph.Epoch!.View.Integers = 2;
        }

        return this;
    }

    /// <summary>Runs a step and returns the sum of the losses.</summary>
    public double Run()
    {
        plan!.Run(backend);
        return weightedSum is null ? Graph.Losses.Sum(l => (double)l.Value.View.Span[0]) : Math.Log(1 + Math.Exp(-weightedSum.Sum));
    }

    /// <summary>The engine's gradients, each of them written in this very step: what was there before is NaN.</summary>
    public Dictionary<string, float[]> Gradients()
    {
        Parameters.TrainedGradients.Span.Fill(float.NaN);
        Run();
        return Parameters.Trained.ToDictionary(p => p.Spec.Name, p => p.Gradient!.View.Span.ToArray());
    }

    /// <summary>Holds every element of every gradient against differences.</summary>
    public void Agree()
    {
        if (plan is null)
            Plan();
        var found = Gradients();
        Assert.NotEmpty(found);
        foreach (var parameter in Parameters.Trained)
        {
            double[] expected = Differences(parameter.Value.View);
            double scale = Math.Sqrt(expected.Sum(x => x * x) / expected.Length);
            float[] actual = found[parameter.Spec.Name];
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.True(
                    Math.Abs(actual[i] - expected[i]) <= RelativeTolerance * (Math.Abs(expected[i]) + scale) + Floor,
                    $"d loss / d {parameter.Spec.Name}[{i}]: {actual[i]} found, {expected[i]} by differences");
            }
        }
    }

    public void Dispose()
    {
        plan?.Dispose();
        Parameters.Dispose();
        backend.Dispose();
    }

    private double[] Differences(TensorView at)
    {
        double step = weightedSum is null ? WideStep : NarrowStep;
        double[] slopes = new double[at.Shape.Count];
        for (int i = 0; i < slopes.Length; i++)
        {
            float value = at.Span[i];
            slopes[i] = (8 * (At(step) - At(-step)) - (At(2 * step) - At(-2 * step))) / (12 * step);
            at.Span[i] = value;

            double At(double distance)
            {
                at.Span[i] = (float)(value + distance);
                return Run();
            }
        }

        return slopes;
    }

    private sealed class WeightedSum(Value x, float[] weights, Value logits) : Node
    {
        public double Sum { get; private set; }

        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [logits];

        public override void Execute(Kernels.Backends.IBackend backend)
        {
            double sum = 0;
            for (int i = 0; i < weights.Length; i++)
                sum += (double)weights[i] * x.View.Span[i];
            Sum = sum;
            (logits.View.Span[0], logits.View.Span[1]) = ((float)sum, 0);
        }

        public override void Differentiate(GradientBuilder gradients)
        {
            var dlogits = gradients.Of(logits);
            if (gradients.Target(x, out bool accumulate) is not { } dx)
                return;
            gradients.Emit([dlogits], [dx], _ =>
            {
                for (int i = 0; i < weights.Length; i++)
                    dx.View.Span[i] = (accumulate ? dx.View.Span[i] : 0) + weights[i] * dlogits.View.Span[0];
            });
        }
    }
}
