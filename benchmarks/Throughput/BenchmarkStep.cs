using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Training;

namespace Robustify.Benchmarks;

/// <summary>One step on a fixed random batch: forward, or forward, backward and an AdamW update.</summary>
internal sealed class BenchmarkStep : IDisposable
{
    private readonly ParameterStore parameters;
    private readonly Plan plan;
    private readonly NativeBuffer? state;
    private Optimizer? optimizer;

    public BenchmarkStep(IVisionModel model, int batch, bool training)
    {
        parameters = new ParameterStore(model.AllSpecs(), _ => training);
        parameters.Initialize(1);
        var graph = new GraphBuilder(training);
        var images = graph.Input("images", new Shape(batch, model.ImageSize, model.ImageSize, model.Channels));
        var labels = graph.Input("labels", new Shape(batch), DType.Int32);
        var logits = graph.Keep(model.Classify(graph, new ParameterScope(parameters), images));
        if (training)
        {
            graph.Loss("loss", logits).CrossEntropy(labels, 0, batch);
            graph.Differentiate();
            state = new NativeBuffer(2 * parameters.TrainedCount * sizeof(float), "optimizer");
        }

        plan = new Plan(graph).Allocate();
        var random = new PhiloxStream(1, RandomPurpose.Initialization, 1, 0);
        foreach (ref float x in images.View.Span)
            x = (float)random.NextNormal();
    }

    public void Run(IBackend backend)
    {
        plan.Run(backend);
        if (state is null)
            return;
        int count = checked((int)parameters.TrainedCount);
        optimizer ??= Optimizer.Create(
            new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 1e-4 }, backend, parameters.TrainedData, parameters.TrainedGradients,
            state.View(0, new Shape(2 * count)), [new ParameterSegment(0, count, 1)]);
        optimizer.Step(1e-4);
    }

    public void Dispose()
    {
        plan.Dispose();
        parameters.Dispose();
        state?.Dispose();
    }
}
