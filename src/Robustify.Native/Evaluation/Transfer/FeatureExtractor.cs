using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// What a model's head sees of images: the features before the classifier. A three-headed student gives those that its unclean and combined
/// heads read, with a split tail those of the clean head (the original tail) beside them.
/// </summary>
internal sealed class FeatureExtractor : IDisposable
{
    private readonly ThreeHeadedStudent? student;
    private readonly ParameterStore parameters;
    private readonly ComputeTarget target;
    private Plan? plan;
    private (Value Pixels, Value[] Features)? graph;

    private FeatureExtractor(ModelSource source, ThreeHeadedStudent? student, ParameterStore parameters, ComputeTarget target)
    {
        (Source, this.student, this.parameters, this.target) = (source, student, parameters, target);
        Kinds = student is null ? ["features"] : student.Tail == TailKind.Split ? ["tuned tail", "original tail"] : ["tuned tail"];
        Geometry = InputGeometry.Of(source.Preprocessing, source.Model.ImageSize);
        Identity = Digest();
    }

    /// <summary>The file.</summary>
    public ModelSource Source { get; }

    /// <summary>Kinds of features by name, in the order they lie in a row.</summary>
    public IReadOnlyList<string> Kinds { get; }

    /// <summary>Features of one kind.</summary>
    public int Width => Source.Model.FeatureWidth;

    /// <summary>How images are brought to the model's size: as its checkpoint asks for.</summary>
    public InputGeometry Geometry { get; }

    /// <summary>The same in words, with mean and deviation.</summary>
    public string Preprocessing => $"{Source.Preprocessing.Describe(Source.Model.ImageSize)}; images of that size as they are";

    /// <summary>A digest of every tensor but a plain model's classifier, whatever file they came from.</summary>
    public string Identity { get; }

    /// <summary>Everything that features of given images depend on, in words.</summary>
    public string Key(string dataIdentity, IBackend backend)
    {
        // The number of workers changes nothing, so it has no place here.
        string device = backend.IsHostMemory ? "cpu" : backend.Description;
        return $"features: {string.Join(" + ", Kinds)}\nmodel: {Source.Model.Description}, {Identity}\nimages: {dataIdentity}\n"
            + $"preprocessing: {Preprocessing}\ndevice: {device}, {target.Precision}\n";
    }

    /// <summary>Finds out what was named, and loads nothing yet.</summary>
    /// <exception cref="RobustifyException">A preset, which has no weights, or a file that cannot be read.</exception>
    public static ModelSource Resolve(string fileOrRun, ModelOverrides? overrides = null)
    {
        // A checkpoint needs no classifier here, as many published for their features have none; a student says by its heads what it is.
        overrides ??= new ModelOverrides();
        var source = ModelSource.Resolve(fileOrRun, overrides with { Classes = 1 });
        if (source.Metadata.ContainsKey(ThreeHeadedStudent.TailKey))
            source = ModelSource.Resolve(fileOrRun, overrides);
        return source.IsPretrained
            ? source
            : throw new RobustifyException($"model '{fileOrRun}': is a preset without weights, a checkpoint or run directory expected; train it first");
    }

    /// <summary>Loads a checkpoint file or run directory.</summary>
    /// <exception cref="RobustifyException">A preset, which has no weights, or a file that cannot be read.</exception>
    public static FeatureExtractor Open(string fileOrRun, ComputeTarget target, ModelOverrides? overrides = null)
    {
        var source = Resolve(fileOrRun, overrides);
        var student = ThreeHeadedStudent.Of(source);
        return new(source, student, student is null ? LoadBody(source, target) : student.LoadTrained(source, target), target);
    }

    /// <summary>Computes the features of images, a row of the table each.</summary>
    /// <exception cref="RobustifyException">An image cannot be read, or the features are not finite.</exception>
    public void Extract(IImageSource source, int[] indices, FeatureTable table, RunContext context)
    {
        const int size = Benchmark.BatchSize;
        var (pixels, features) = graph ??= Build(context);
        using var input = new StagedInput(pixels, target);
        using var work = new RepeatedWork(context.Backend, () => plan!.Run(context.Backend));
        using var batch = new ImageBatch(Source.Model, size, context, Geometry);
        float[] rows = new float[size * Width];
        for (int first = 0; first < indices.Length; first += size)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(size, indices.Length - first);
            batch.Read(source, indices.AsSpan(first, count));
            batch.ShowClean();
            batch.Normalize(Source.Normalization, input);
            input.Upload(context.Backend);
            work.Run();
            for (int kind = 0; kind < features.Length; kind++)
            {
                context.Backend.Download(features[kind].View, rows.AsSpan());
                for (int row = 0; row < count; row++)
                    rows.AsSpan(row * Width, Width).CopyTo(table.Row(first + row)[(kind * Width)..]);
            }

            for (int row = 0; row < count; row++)
                RequireFinite(table.Row(first + row));
            context.Progress.Report(first + count, double.NaN);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        plan?.Dispose();
        parameters.Dispose();
    }

    private (Value Pixels, Value[] Features) Build(RunContext context)
    {
        var (model, scope) = (Source.Model, new ParameterScope(parameters));
        var graph = new GraphBuilder(training: false, precision: target.Precision);
        var pixels = graph.Input("images", new Shape(Benchmark.BatchSize, model.ImageSize, model.ImageSize, model.Channels));
        var input = graph.Compute(pixels);
        Value[] features = student is null
            ? [model.Tail(graph, scope, model.Trunk(graph, scope, input, 0), 0)]
            : student.InferenceFeatures(graph, parameters, input) is var (tuned, clean) && Kinds.Count == 2 ? [tuned, clean] : [tuned];
        features = [.. features.Select((f, i) => graph.Keep(graph.Cast($"features.{i}", f, DType.Float32)))];
        plan = new Plan(graph).RequireMemory(Benchmark.BatchSize, 0, target);
        context.Message(string.Create(
            CultureInfo.InvariantCulture,
            $"{Source.Name}: memory planned: {plan.ArenaBytes / 1048576.0:F1} MiB a batch of {Benchmark.BatchSize}, {parameters.Bytes / 1048576.0:F1} MiB parameters"));
        plan.Allocate(target);
        return (pixels, features);
    }

    private void RequireFinite(ReadOnlySpan<float> features)
    {
        foreach (float value in features)
        {
            if (!float.IsFinite(value))
                throw new RobustifyException($"model '{Source.Name}': features that are not finite found; use a checkpoint of a run that did not diverge, or --precision fp32");
        }
    }

    private static ParameterStore LoadBody(ModelSource source, ComputeTarget target)
    {
        var body = new ParameterStore(source.Model.Body, _ => false, target);
        try
        {
            source.Load(body, seed: 0);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var copies = new List<IDisposable>();
        foreach (var parameter in parameters.All)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(parameter.Value.ToString() + "\n"));
            hash.AppendData(MemoryMarshal.AsBytes(parameters.OnHost(parameter, copies).Span));
            copies.ForEach(copy => copy.Dispose());
            copies.Clear();
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
