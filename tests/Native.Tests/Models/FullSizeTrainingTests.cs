using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Models;

public sealed class FullSizeTrainingTests
{
    private const int Batch = 2;

    [Theory]
    [InlineData("vit_tiny_patch16_224", OptimizerKind.AdamW, 1e-3)]
    [InlineData("resnet18", OptimizerKind.Sgd, 0.02)]
    public void ThreeStepsOnOneBatchAt224LowerTheLoss(string preset, OptimizerKind optimizerKind, double rate)
    {
        var model = ModelPresets.Create(preset);
        using var parameters = new ParameterStore(model.AllSpecs(), _ => true);
        parameters.Initialize(11);
        var graph = new GraphBuilder(training: true);
        var images = graph.Input("images", new Shape(Batch, 224, 224, 3));
        var labels = graph.Input("labels", new Shape(Batch), DType.Int32);
        graph.Loss("loss", model.Classify(graph, new ParameterScope(parameters), images)).CrossEntropy(labels, 0, Batch);
        graph.Differentiate();
        using var plan = new Plan(graph).Allocate();
        using var backend = new CpuBackend(2);
        var random = new PhiloxStream(12, RandomPurpose.Initialization, 0, 0);
        foreach (ref float x in images.View.Span)
            x = (float)(2 * random.NextUniform() - 1);
        unsafe
        {
            (labels.View.Integers[0], labels.View.Integers[1]) = (3, 997);
        }

        var options = new OptimizerOptions { Kind = optimizerKind };
        int count = (int)parameters.TrainedCount;
        long stateLength = Optimizer.StateLength(options, count);
        using var memory = new NativeBuffer(stateLength * sizeof(float), "state");
        var optimizer = Optimizer.Create(
            options, backend, parameters.TrainedData, parameters.TrainedGradients, memory.View(0, new Shape((int)stateLength)),
            [new ParameterSegment(0, count, 0)]);
        var losses = new List<double>();
        for (int step = 0; step < 4; step++)
        {
            plan.Run(backend);
            losses.Add(graph.Losses[0].Value.View.Span[0]);
            optimizer.Step(rate);
        }

        Assert.Equal(losses.OrderDescending(), losses);
        Assert.True(losses[3] < 0.9 * losses[0], $"losses {string.Join(", ", losses)}: hardly lower after three steps");
    }
}
