using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Tests.Data.Loading;
using Robustify.Native.Tests.Models;

namespace Robustify.Native.Tests.Method;

/// <summary>A student, a teacher and a batch of clean and augmented images, all tiny, with tensors that are random throughout.</summary>
internal sealed class TinyTask : IDisposable
{
    public TinyTask(TailKind tail, int batchSize = 4, string studentName = "vit", string teacherName = "resnet basic", int tailBlocks = 1,
        TunedEnd tuned = TunedEnd.Last)
    {
        BatchSize = batchSize;
        Student = new ThreeHeadedStudent(SmallModels.Create(studentName), tailBlocks, tail, tuned);
        Parameters = new ParameterStore(Student.TrainingSpecs, Student.IsTrained);
        Teacher = SmallModels.Create(teacherName);
        TeacherParameters = new ParameterStore(Teacher.AllSpecs(), _ => false);
        Randomize(Parameters, 1, headDeviation: 0.5);
        Randomize(TeacherParameters, 2, headDeviation: 0.8);
        Loader = new BatchLoader(
            new SyntheticSource(3 * batchSize, Teacher.ImageSize, 1), [.. Enumerable.Range(0, 3 * batchSize)],
            new BatchLoaderOptions { BatchSize = batchSize, ImageSize = Teacher.ImageSize, Normalization = Normalization.Half(1), AugMixViews = 1 });
        Loader.StartEpoch(1);
        Batch = Loader.Next()!;
    }

    public int BatchSize { get; }

    public ThreeHeadedStudent Student { get; }

    public ParameterStore Parameters { get; }

    public IVisionModel Teacher { get; }

    public ParameterStore TeacherParameters { get; }

    public BatchLoader Loader { get; }

    public Batch Batch { get; }

    public CpuBackend Backend { get; } = new(1);

    public DistillationStep Step(DistillationOptions options) => new(Student, Parameters, Teacher, TeacherParameters, options);

    /// <summary>A model's logits on the clean rows, then the augmented ones, by a graph of its own: [2 x batch][classes].</summary>
    public double[][] Logits(IVisionModel model, ParameterStore store, string head, string prefix = "", int blocks = 0)
    {
        var graph = new GraphBuilder(training: false);
        var images = graph.Input("images", new Shape(2 * BatchSize, model.ImageSize, model.ImageSize, model.Channels));
        var scope = new ParameterScope(store, prefix);
        var trunk = model.Trunk(graph, scope, images, blocks);
        var logits = graph.Keep(graph.Head(scope, head, model.Tail(graph, scope, trunk, blocks)));
        using var plan = new Plan(graph).Allocate();
        Batch.Images.CopyTo(images.View.Span);
        plan.Run(Backend);
        return [.. logits.View.Span.ToArray().Select(x => (double)x).Chunk(model.Classes)];
    }

    public void Dispose()
    {
        Loader.Dispose();
        Parameters.Dispose();
        TeacherParameters.Dispose();
        Backend.Dispose();
    }

    private static void Randomize(ParameterStore store, ulong seed, double headDeviation)
    {
        store.Initialize(seed);
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, 0, 0);
        foreach (var parameter in store.All)
        {
            // Heads such that of original and teacher now the one, now the other is surer; variances stay positive.
            bool isHead = parameter.Spec.Initializer == Initializer.TruncatedNormal && parameter.Spec.WeightDecay;
            foreach (ref float x in parameter.Value.View.Span)
                x = parameter.Spec.Name.EndsWith("running_var", StringComparison.Ordinal)
                    ? (float)(0.5 + random.NextUniform())
                    : x + (float)((isHead ? headDeviation : 0.1) * random.NextNormal());
        }
    }
}
