using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Tests.Data.Loading;
using Robustify.Native.Tests.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Devices;

/// <summary>A distillation in a device's memory, ready to step.</summary>
internal sealed class DeviceRun : IDisposable
{
    public const int BatchSize = 4, BatchesAnEpoch = 4;

    private readonly ParameterStore teacherParameters;
    private readonly BatchLoader loader;
    private readonly DistillationStep step;
    private readonly ComputeTarget target;

    public DeviceRun(ComputeTarget target, string student, int stepsBetweenReads = 20, OptimizerKind optimizer = OptimizerKind.AdamW)
    {
        this.target = target;
        Student = new ThreeHeadedStudent(SmallModels.Create(student), 1, TailKind.Shared, TunedEnd.Last);
        var teacher = SmallModels.Create("resnet basic");
        Parameters = new ParameterStore(Student.TrainingSpecs, Student.IsTrained, target);
        teacherParameters = new ParameterStore(teacher.AllSpecs(), _ => false, target);
        Parameters.Initialize(3);
        teacherParameters.Initialize(4);
        int images = BatchSize * BatchesAnEpoch;
        loader = new BatchLoader(new SyntheticSource(images, 16, 1), [.. Enumerable.Range(0, images)], new BatchLoaderOptions
        {
            BatchSize = BatchSize, ImageSize = 16, Normalization = Normalization.Half(1), Seed = 5, AugMixViews = 1,
        });
        step = new DistillationStep(
            Student, Parameters, teacher, teacherParameters, new DistillationOptions { BatchSize = BatchSize, Seed = 6 }, target);
        Trainer = new Trainer(target.Backend!, step, loader, new TrainerOptions
        {
            Epochs = 5, StepsBetweenReads = stepsBetweenReads,
            Optimizer = new OptimizerOptions { Kind = optimizer, Rate = 0.01, WeightDecay = 0.01, MaximumGradientNorm = 1 },
        });
    }

    public ThreeHeadedStudent Student { get; }

    public ParameterStore Parameters { get; }

    public Trainer Trainer { get; }

    /// <summary>Every trained number.</summary>
    public float[] Trained
    {
        get
        {
            var trained = new float[Parameters.TrainedCount];
            target.Backend!.Download(Parameters.TrainedData, trained.AsSpan());
            return trained;
        }
    }

    /// <summary>Trains on and returns what each step said of its loss.</summary>
    public double[] Steps(int count)
    {
        var losses = new double[count];
        for (int i = 0; i < count; i++)
        {
            int completed = (int)Trainer.Optimizer.CompletedSteps;
            if (i == 0 || completed % BatchesAnEpoch == 0)
                loader.StartEpoch(completed / BatchesAnEpoch, completed % BatchesAnEpoch);
            losses[i] = Trainer.Step(loader.Next()!);
        }

        return losses;
    }

    public void Dispose()
    {
        Trainer.Dispose();
        step.Dispose();
        loader.Dispose();
        teacherParameters.Dispose();
        Parameters.Dispose();
    }
}
