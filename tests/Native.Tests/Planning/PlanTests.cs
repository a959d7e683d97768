using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Planning;
using Robustify.Native.Tests.Models;

namespace Robustify.Native.Tests.Planning;

public sealed class PlanTests
{
    public static TheoryData<string> Names => SmallModels.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void NothingAliveAtTheSameTimeOverlapsInTraining(string name)
    {
        using var step = new StepGraph(SmallModels.Create(name), batch: 3, tailBlocks: SmallModels.Create(name).BlockCount);
        AssertNoOverlap(step.Graph);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NothingAliveAtTheSameTimeOverlapsWithAFrozenTrunk(string name)
    {
        using var step = new StepGraph(SmallModels.Create(name), batch: 3, tailBlocks: 1);
        AssertNoOverlap(step.Graph);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void NothingAliveAtTheSameTimeOverlapsInRandomGraphs(uint seed)
    {
        var graph = new GraphBuilder(training: true);
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, 0, 0);

        // Sums of equal shapes, of four shapes of very different sizes, over values chosen from far back: long and short lives mixed.
        var values = new List<Value>[4];
        for (int size = 0; size < 4; size++)
        {
            var shape = new Shape(1 + size * size * 37, 3 + size);
            values[size] = [graph.Input($"in{size}", shape), graph.Input($"also{size}", shape)];
        }

        for (int i = 0; i < 120; i++)
        {
            var among = values[random.NextInteger(0, 4)];
            among.Add(graph.Add($"sum{i}", among[random.NextInteger(0, among.Count)], among[random.NextInteger(0, among.Count)]));
            if (random.NextInteger(0, 10) == 0)
                graph.Keep(among[^1]);
        }

        AssertNoOverlap(graph);
    }

    // What a node reads must be in its Inputs, or the planner gives the memory away too early: then the bits differ from those of a plan
    // in which every value has memory of its own.
    [Theory]
    [MemberData(nameof(Names))]
    public void SharingMemoryChangesNoBit(string name)
    {
        var model = SmallModels.Create(name);
        foreach (int? tailBlocks in (ReadOnlySpan<int?>)[null, 0, 1, model.BlockCount])
        {
            using StepGraph shared = new(model, 3, tailBlocks), separate = new(model, 3, tailBlocks);
            foreach (var value in separate.Graph.Values)
                separate.Graph.Keep(value);
            float[] expected = separate.Run(), first = shared.Run(), second = shared.Run();
            Assert.All(expected, x => Assert.True(float.IsFinite(x)));
            Assert.Equal(expected, first);
            Assert.Equal(expected, second);
            Assert.True(new Plan(shared.Graph).ArenaBytes < new Plan(separate.Graph).ArenaBytes);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryValueIsWrittenBeforeItIsRead(string name)
    {
        using var step = new StepGraph(SmallModels.Create(name), 2, SmallModels.Create(name).BlockCount);
        var written = new HashSet<Value>();
        foreach (var node in step.Graph.Nodes)
        {
            foreach (var input in node.Inputs.Where(v => v.Kind is ValueKind.Activation or ValueKind.Result))
                Assert.Contains(input, written);
            written.UnionWith(node.Outputs);
        }
    }

    // Measured: none of these wastes a byte. Greedy placement promises that for no graph, so the bound leaves a little room.
    [Theory]
    [InlineData("vit_fashion", null)]
    [InlineData("vit_fashion", 1)]
    [InlineData("vit_fashion", 6)]
    [InlineData("resnet_fashion", 3)]
    [InlineData("vit_tiny_patch16_224", 2)]
    [InlineData("vit_tiny_patch16_224", 12)]
    [InlineData("resnet18", null)]
    [InlineData("resnet18", 8)]
    [InlineData("resnet50", 16)]
    public void TheArenaIsNearTheBytesAliveAtTheWorstMoment(string preset, int? tailBlocks)
    {
        using var step = new StepGraph(ModelPresets.Create(preset), batch: 8, tailBlocks);
        long bytes = new Plan(step.Graph).ArenaBytes, bound = Lifetimes.LowerBound(step.Graph);
        Assert.InRange((double)bytes / bound, 1, 1.02);
    }

    [Fact]
    public void TheSizeIsKnownBeforeAnyMemoryIsTakenAndIsWhatIsTaken()
    {
        using var step = new StepGraph(SmallModels.Create("vit"), 3, 2);
        using var plan = new Plan(step.Graph);
        Assert.All(step.Graph.Values, v => Assert.True(v.View.IsAbsent));
        long known = plan.ArenaBytes;
        plan.Allocate();
        var placed = step.Graph.Values.Where(v => !v.View.IsAbsent).ToArray();
        long first = placed.Min(v => v.View.Pointer), end = placed.Max(v => v.View.Pointer + (nint)v.AlignedBytes);
        Assert.Equal(known, end - first);
        Assert.All(placed, v => Assert.Equal(0, v.View.Pointer % 64));
    }

    // Nothing reads a frozen stream twice: it stays in one place, and every block adds to it there.
    [Fact]
    public void AFrozenResidualStreamStaysInOnePlace()
    {
        var graph = new GraphBuilder(training: true);
        Value x = graph.Add("start", graph.Input("a", new Shape(2, 8)), graph.Input("b", new Shape(2, 8))), first = x;
        for (int i = 0; i < 3; i++)
            x = graph.Add($"sum{i}", x, graph.Input($"branch{i}", new Shape(2, 8)));
        var read = graph.Add("other", x, x);
        var kept = graph.Keep(graph.Add("kept", read, x));
        using var plan = new Plan(graph).Allocate();
        Assert.Equal(first.View.Pointer, x.View.Pointer);
        Assert.NotEqual(x.View.Pointer, read.View.Pointer);
        Assert.NotEqual(read.View.Pointer, kept.View.Pointer);
    }

    // The promise behind tuning a fraction: a frozen trunk keeps no activations, so its blocks reuse each other's memory.
    [Fact]
    public void AFrozenTrunkReusesItsMemory()
    {
        var model = ModelPresets.Create("vit_tiny_patch16_224");
        long full = Arena(model, 12), tail = Arena(model, 1), head = Arena(model, 0), inference = Arena(model, null);

        // Of twelve blocks' activations one is kept, beside what a pass through a frozen block needs anyway.
        Assert.InRange(tail, inference, full / 5);
        Assert.InRange(head, inference, tail);

        VisionTransformerOptions options = ((VisionTransformer)model).Options;
        Assert.Equal(Arena(new VisionTransformer(options with { Depth = 3 }), null), inference);
        Assert.Equal(Arena(new VisionTransformer(options with { Depth = 3 }), 1), tail);
    }

    [Theory]
    [InlineData("vit")]
    [InlineData("resnet basic")]
    public void BackwardNodesBelongToTrainedBlocksAlone(string name)
    {
        var model = SmallModels.Create(name);
        int[] backward = [.. Enumerable.Range(0, model.BlockCount + 1).Select(tail =>
        {
            using var step = new StepGraph(model, 2, tail);
            string[] trunk = [.. model.Body.Select(s => s.Name).Where(n => model.BlockOf(n) < model.BlockCount - tail)];
            var gradients = step.Graph.Nodes.Skip(step.ForwardNodes).SelectMany(n => n.Outputs).Select(v => v.Name).ToHashSet();
            Assert.DoesNotContain(gradients, g => tail < model.BlockCount && trunk.Contains(g.Replace(".gradient", "", StringComparison.Ordinal)));
            Assert.All(step.Parameters.Trained, p => Assert.Contains(p.Gradient!.Name, gradients));
            return step.Graph.Nodes.Count - step.ForwardNodes;
        })];
        Assert.Equal(backward.Order(), backward);
        Assert.Distinct(backward);

        // The head alone, and with a transformer its final norm: two products for the head, and the norm's two.
        Assert.Equal(name == "vit" ? 4 : 2, backward[0]);
    }

    [Fact]
    public void ABatchThatCannotFitIsRefusedInOneLineWithTheLargestThatWould()
    {
        using var step = new StepGraph(SmallModels.Create("vit"), 8, 3);
        using var plan = new Plan(step.Graph);
        Assert.Same(plan, plan.RequireMemory(8, 0));
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string half = Assert.Throws<RobustifyException>(() => plan.RequireMemory(8, available - plan.ArenaBytes * 5 / 8)).Message;
        Assert.Contains("batch 8", half);
        Assert.Contains("about 5", half);
        string none = Assert.Throws<RobustifyException>(() => plan.RequireMemory(8, available + 1)).Message;
        Assert.Contains("no batch fits", none);
        Assert.DoesNotContain('\n', half + none);
    }

    private static long Arena(IVisionModel model, int? tailBlocks)
    {
        using var step = new StepGraph(model, batch: 4, tailBlocks);
        return new Plan(step.Graph).ArenaBytes;
    }

    private static void AssertNoOverlap(GraphBuilder graph)
    {
        using var plan = new Plan(graph).Allocate();
        var lives = Lifetimes.Of(graph);
        var inPlace = Lifetimes.InPlace(graph);
        Assert.NotEmpty(lives);
        for (int i = 0; i < lives.Count; i++)
        {
            var (a, firstA, lastA) = lives[i];
            for (int j = 0; j < i; j++)
            {
                var (b, firstB, lastB) = lives[j];
                bool atTheSameTime = firstA <= lastB && firstB <= lastA;
                bool inTheSamePlace = a.View.Pointer < b.View.Pointer + b.AlignedBytes && b.View.Pointer < a.View.Pointer + a.AlignedBytes;
                bool takesOver = a.View.Pointer == b.View.Pointer && a.AlignedBytes == b.AlignedBytes
                    && (inPlace.Contains((a, b)) && lastA == firstB || inPlace.Contains((b, a)) && lastB == firstA);
                Assert.False(atTheSameTime && inTheSamePlace && !takesOver, $"{a} (nodes {firstA}..{lastA}) and {b} (nodes {firstB}..{lastB}) share memory");
            }
        }
    }
}
