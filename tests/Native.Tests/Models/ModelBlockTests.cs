using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Planning;

namespace Robustify.Native.Tests.Models;

/// <summary>A model cut into a trunk and a tail is the same model, wherever it is cut.</summary>
public sealed class ModelBlockTests
{
    private const int Batch = 2;

    public static TheoryData<string> Names => SmallModels.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void TrunkAndTailGiveTheBitsOfTheWholeModelAtEveryCut(string name)
    {
        var model = SmallModels.Create(name);
        using var parameters = Initialized(model);
        float[] whole = Logits(model, parameters, (graph, scope, images) => model.Classify(graph, scope, images));
        Assert.All(whole, x => Assert.True(float.IsFinite(x)));
        Assert.NotEqual(whole[..model.Classes], whole[model.Classes..]);
        for (int cut = 0; cut <= model.BlockCount; cut++)
        {
            int blocks = cut;
            Assert.Equal(whole, Logits(model, parameters, (graph, scope, images) => graph.Head(
                scope, model.HeadName, model.Tail(graph, scope, model.Trunk(graph, scope, images, blocks), blocks))));
        }
    }

    // What the method freezes goes by BlockOf, what it computes by Trunk and Tail: a tensor that is read on one side must be counted there.
    [Theory]
    [MemberData(nameof(Names))]
    public void ATrunkDependsOnTheTensorsOfItsBlocksAlone(string name)
    {
        var model = SmallModels.Create(name);
        using var parameters = Initialized(model);
        for (int cut = 0; cut <= model.BlockCount; cut++)
        {
            int blocks = cut;
            float[] trunk = Logits(model, parameters, (graph, scope, images) => model.Trunk(graph, scope, images, blocks));
            foreach (var parameter in parameters.All.Where(p => !p.Spec.Name.StartsWith(model.HeadName + ".", StringComparison.Ordinal)))
            {
                float before = parameter.Value.View.Span[0];
                parameter.Value.View.Span[0] = float.NaN;
                bool isInTrunk = model.BlockOf(parameter.Spec.Name) < blocks;
                bool changed = Logits(model, parameters, (graph, scope, images) => model.Trunk(graph, scope, images, blocks)).Any(float.IsNaN);
                parameter.Value.View.Span[0] = before;
                Assert.True(isInTrunk == changed, $"{parameter.Spec.Name} with a trunk of {blocks} blocks: read {changed}, block {model.BlockOf(parameter.Spec.Name)}");
            }

            Assert.Equal(trunk, Logits(model, parameters, (graph, scope, images) => model.Trunk(graph, scope, images, blocks)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryBlockOwnsTensorsAndTheOrderOfTensorsIsTheOrderOfBlocks(string name)
    {
        var model = SmallModels.Create(name);
        int[] blocks = [.. model.Body.Select(s => model.BlockOf(s.Name))];
        Assert.Equal(blocks.Order(), blocks);
        Assert.All(Enumerable.Range(0, model.BlockCount), block => Assert.Contains(block, blocks));
        Assert.InRange(model.DefaultTailBlocks, 1, model.BlockCount);
    }

    [Fact]
    public void MeanPoolingHasNoClassTokenAndIgnoresTheOrderOfPatchesButForPositions()
    {
        var model = (VisionTransformer)SmallModels.Create("vit mean pooling");
        using var parameters = Initialized(model);
        Assert.False(parameters.Contains("cls_token"));
        parameters["pos_embed"].Value.View.Span.Clear();
        float[] logits = Logits(model, parameters, (graph, scope, images) => model.Classify(graph, scope, images));
        float[] mirrored = Logits(model, parameters, (graph, scope, images) => model.Classify(graph, scope, images), swapHalves: true);

        // The same tokens in another order: only the order of float sums differs, so some dozen roundings of logits around 1.
        for (int i = 0; i < logits.Length; i++)
            Assert.Equal(logits[i], mirrored[i], 2e-5f);
    }

    private static ParameterStore Initialized(IVisionModel model)
    {
        var store = new ParameterStore(model.AllSpecs(), _ => true);
        store.Initialize(7);

        // Scales and biases start at one and zero, which would hide where they are applied.
        var random = new PhiloxStream(8, RandomPurpose.Initialization, 0, 0);
        foreach (var parameter in store.All.Where(p => p.Spec.Shape.Rank == 1))
        {
            foreach (ref float x in parameter.Value.View.Span)
                x += (float)(0.1 * random.NextUniform());
        }

        return store;
    }

    private static float[] Logits(
        IVisionModel model, ParameterStore parameters, Func<GraphBuilder, ParameterScope, Value, Value> build, bool swapHalves = false)
    {
        var graph = new GraphBuilder(training: false);
        var images = graph.Input("images", new Shape(Batch, model.ImageSize, model.ImageSize, model.Channels));
        var result = graph.Keep(build(graph, new ParameterScope(parameters), images));
        using var plan = new Plan(graph).Allocate();
        using var backend = new CpuBackend(1);
        var random = new PhiloxStream(9, RandomPurpose.Initialization, 0, 0);
        foreach (ref float x in images.View.Span)
            x = (float)random.NextNormal();
        if (swapHalves)
        {
            // The upper half of each image with the lower one: whole rows of patches.
            int half = model.ImageSize * model.ImageSize * model.Channels / 2;
            for (int image = 0; image < Batch; image++)
            {
                var pixels = images.View.Span.Slice(2 * image * half, 2 * half);
                float[] upper = pixels[..half].ToArray();
                pixels[half..].CopyTo(pixels);
                upper.CopyTo(pixels[half..]);
            }
        }

        plan.Run(backend);
        return result.View.Span.ToArray();
    }
}
