using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>A model on a fixed random batch: forward, or forward, cross-entropy, backward and an AdamW update of every parameter.</summary>
internal sealed class ModelWork : DeviceWork
{
    private const double Rate = 1e-4;

    private readonly IBackend backend;
    private readonly ParameterStore parameters;
    private readonly Plan plan;
    private readonly DeviceBuffer? state;
    private readonly Optimizer? optimizer;

    public ModelWork(string name, IVisionModel model, int batch, bool training, ComputeTarget target)
        : base(name, batch)
    {
        backend = target.Backend!;
        parameters = new ParameterStore(model.AllSpecs(), _ => training, target);
        parameters.Initialize(1);
        var graph = new GraphBuilder(training, precision: target.Precision);
        var images = graph.Input("images", new Shape(batch, model.ImageSize, model.ImageSize, model.Channels));
        var labels = graph.Input("labels", new Shape(batch), DType.Int32);
        var logits = graph.Keep(model.Classify(graph, new ParameterScope(parameters), graph.Compute(images)));
        if (training)
        {
            graph.Loss("loss", logits).CrossEntropy(labels, 0, batch);
            graph.Differentiate();
        }

        plan = new Plan(graph);
        ArenaBytes = plan.ArenaBytes;
        plan.RequireMemory(batch, training ? 2 * parameters.GradientBytes : 0, target).Allocate(target);
        RandomContent.Fill(backend, images.View);
        if (!training)
            return;
        backend.Upload<int>(new int[batch], labels.View);
        int count = checked((int)parameters.TrainedCount);
        state = backend.Allocate(2L * count * sizeof(float), "optimizer state");
        optimizer = Optimizer.Create(
            new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = Rate }, backend, parameters.TrainedData, parameters.TrainedGradients,
            state.View(0, new Shape(2 * count)), [new ParameterSegment(0, count, 1)]);
        optimizer.ForgetNorm();
        optimizer.Prepare(Rate);
    }

    /// <summary>Step memory beside the parameters.</summary>
    public long ArenaBytes { get; }

    /// <inheritdoc/>
    public override void Run()
    {
        plan.Run(backend);
        optimizer?.QueueUpdate();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        optimizer?.Dispose();
        plan.Dispose();
        parameters.Dispose();
        state?.Dispose();
    }
}
