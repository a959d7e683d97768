using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Planning;

namespace Robustify.Native.Tests.Planning;

/// <summary>The graph of one step of a classifier, whole or with a frozen trunk, or of inference.</summary>
internal sealed class StepGraph : IDisposable
{
    private Plan? plan;

    /// <param name="model">The architecture.</param>
    /// <param name="batch">Images.</param>
    /// <param name="tailBlocks">Blocks that are trained, with the head; null for inference.</param>
    public StepGraph(IVisionModel model, int batch, int? tailBlocks)
    {
        int trunk = model.BlockCount - (tailBlocks ?? 0);
        Parameters = new ParameterStore(
            model.AllSpecs(), s => tailBlocks is not null && (s.Name.StartsWith(model.HeadName + ".", StringComparison.Ordinal)
                || trunk == 0 || model.BlockOf(s.Name) >= trunk));
        Graph = new GraphBuilder(training: tailBlocks is not null, seed: 3);
        Images = Graph.Input("images", new Shape(batch, model.ImageSize, model.ImageSize, model.Channels));
        Logits = Graph.Keep(model.Classify(Graph, new ParameterScope(Parameters), Images));
        ForwardNodes = Graph.Nodes.Count;
        if (tailBlocks is null)
            return;
        Labels = Graph.Input("labels", new Shape(batch), DType.Int32);
        Graph.Loss("loss", Logits).CrossEntropy(Labels, 0, batch);
        ForwardNodes = Graph.Nodes.Count;
        Graph.Differentiate();
    }

    public GraphBuilder Graph { get; }

    public ParameterStore Parameters { get; }

    public Value Images { get; }

    public Value? Labels { get; }

    public Value Logits { get; }

    /// <summary>Nodes up to the losses; those after them go backward.</summary>
    public int ForwardNodes { get; }

    /// <summary>Logits and every gradient of a step, from memory that held NaN before.</summary>
    public float[] Run()
    {
        plan ??= new Plan(Graph).Allocate();
        Parameters.Initialize(5);
        foreach (var value in Graph.Values.Where(v => !v.View.IsAbsent))
            value.View.Span.Fill(float.NaN);
        var random = new PhiloxStream(6, RandomPurpose.Initialization, 0, 0);
        foreach (ref float x in Images.View.Span)
            x = (float)random.NextNormal();
        unsafe
        {
            for (int i = 0; i < (Labels?.Shape.Count ?? 0); i++)
                Labels!.View.Integers[i] = i;
            for (int i = 0; i < (Graph.SampleIds?.Shape.Count ?? 0); i++)
                Graph.SampleIds!.View.Integers[i] = 11 * i;
            if (Graph.Epoch is { } epoch)
                *epoch.View.Integers = 1;
        }

        using var backend = new CpuBackend(1);
        plan.Run(backend);
        return [.. Logits.View.Span, .. Parameters.Trained.SelectMany(p => p.Gradient!.View.Span.ToArray())];
    }

    public void Dispose()
    {
        plan?.Dispose();
        Parameters.Dispose();
    }
}
