using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Planning;
using Robustify.Native.Tests.Graph;

namespace Robustify.Native.Tests.Golden;

/// <summary>A model fixture, computed once: the graph in evaluation or training mode, run on the fixture's batch.</summary>
internal sealed class GoldenModel : IDisposable
{
    private readonly Plan plan;

    /// <param name="folder">Its directory's name.</param>
    /// <param name="training">Mode.</param>
    /// <param name="target">The device.</param>
    public GoldenModel(string folder, bool training, ComputeTarget target)
    {
        Target = target;
        string mode = IsResNet(folder) ? (training ? "_train" : "_eval") : "";
        Expected = GoldenData.Json("models", folder, $"expected{mode}.json");
        int[] nchw = [.. Expected.GetProperty("input").GetProperty("shape").EnumerateArray().Select(x => x.GetInt32())];
        Source = ModelSource.Resolve(GoldenData.PathOf("models", folder, "model.safetensors"), new ModelOverrides { ImageSize = nchw[2] });
        Parameters = Source.LoadClassifier(_ => true, seed: 0, target);
        Graph = new GraphBuilder(training);
        Images = new ParameterStore([new("input", new Shape(nchw[0], nchw[2], nchw[3], nchw[1]), Initializer.Zeros)], _ => true, target);
        var images = Graph.Leaf(Images["input"]);
        Labels = Graph.Input("labels", new Shape(nchw[0]), DType.Int32);
        Logits = Graph.Keep(Model.Classify(Graph, new ParameterScope(Parameters), images));
        Graph.Loss("loss", Logits).CrossEntropy(Labels, 0, nchw[0]);
        foreach (var value in Graph.Values.ToArray())
            Graph.Keep(value);
        Graph.Differentiate();
        plan = new Plan(Graph).Allocate(target);
        target.Write(Images["input"].Value.View, floats => ToNhwc(GoldenData.Floats("models", folder, "input.f32.bin"), nchw, floats));
        target.Backend!.Upload<int>([.. Expected.GetProperty("labels").EnumerateArray().Select(label => label.GetInt32())], Labels.View);
    }

    public ComputeTarget Target { get; }

    public JsonElement Expected { get; }

    public ModelSource Source { get; }

    public IVisionModel Model => Source.Model;

    public ParameterStore Parameters { get; }

    /// <summary>The fixture's batch, with its gradient.</summary>
    public ParameterStore Images { get; }

    public GraphBuilder Graph { get; }

    public Value Labels { get; }

    public Value Logits { get; }

    public double Loss => Read(Graph.Losses[0].Value.View)[0];

    public static bool IsResNet(string folder) => folder.Contains("resnet", StringComparison.Ordinal);

    public void Run() => plan.Run(Target.Backend!);

    /// <summary>A tensor's elements.</summary>
    public float[] Read(TensorView view)
    {
        var values = new float[view.Shape.Count];
        Target.Backend!.Download(view, values.AsSpan());
        return values;
    }

    public Value Find(string name) => Graph.Values.First(v => v.Name == name);

    public void Dispose()
    {
        plan.Dispose();
        Parameters.Dispose();
        Images.Dispose();
    }

    /// <summary>[N, C, H, W] to [N, H, W, C].</summary>
    public static void ToNhwc(ReadOnlySpan<float> source, ReadOnlySpan<int> nchw, Span<float> destination)
    {
        int channels = nchw[1], plane = nchw[2] * nchw[3];
        for (int n = 0; n < nchw[0]; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int i = 0; i < plane; i++)
                    destination[(n * plane + i) * channels + c] = source[(n * channels + c) * plane + i];
            }
        }
    }
}
