using Robustify.Kernels.Backends;
using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Evaluation;

/// <summary>A trained model from a file, plain or three-headed, ready to answer.</summary>
public sealed class LoadedModel : IDisposable
{
    private readonly ParameterStore parameters;

    private LoadedModel(ModelSource source, ParameterStore parameters, IPredictor predictor) =>
        (Source, this.parameters, Predictor) = (source, parameters, predictor);

    /// <summary>The file.</summary>
    public ModelSource Source { get; }

    /// <summary>Its answers.</summary>
    public IPredictor Predictor { get; }

    /// <summary>Loads a checkpoint file or run directory under a name for results.</summary>
    /// <param name="name">Name in results.</param>
    /// <param name="fileOrRun">What the user named.</param>
    /// <param name="target">Where and in what precision it computes.</param>
    /// <param name="batchSize">Images a batch.</param>
    /// <param name="overrides">What of the checkpoint is taken otherwise; null for nothing.</param>
    /// <exception cref="RobustifyException">A preset, which has no weights, or a file that cannot be read.</exception>
    public static LoadedModel Open(string name, string fileOrRun, ComputeTarget target, int batchSize = Benchmark.BatchSize, ModelOverrides? overrides = null)
    {
        var source = ModelSource.Resolve(fileOrRun, overrides ?? new ModelOverrides());
        if (!source.IsPretrained)
            throw new RobustifyException($"model '{fileOrRun}': is a preset without weights, a checkpoint or run directory expected; train it first");
        source.Model.RequireHead(fileOrRun);
        var student = ThreeHeadedStudent.Of(source);
        var parameters = student is null ? source.LoadClassifier(_ => false, seed: 0, target) : student.LoadTrained(source, target);
        IPredictor predictor = student is null
            ? new ClassifierPredictor(name, source.Model, parameters, source.Normalization, batchSize, target)
            : new StudentPredictor(name, student, parameters, source.Normalization, StudentInference.Read(source.Metadata), batchSize, target);
        return new LoadedModel(source, parameters, predictor);
    }

    /// <summary>The memory of a model that answers batches, without taking it.</summary>
    internal static MemoryPart[] Plan(string name, ModelSource source, Precision precision, int batchSize)
    {
        var target = ComputeTarget.ForPlanning(precision);
        var student = ThreeHeadedStudent.Of(source);
        using var parameters = new ParameterStore(student?.SavedSpecs ?? source.Model.AllSpecs(), _ => false, target);
        long step;
        if (student is null)
        {
            using var predictor = new ClassifierPredictor(name, source.Model, parameters, source.Normalization, batchSize, target);
            step = predictor.StepBytes;
        }
        else
        {
            using var predictor = new StudentPredictor(
                name, student, parameters, source.Normalization, StudentInference.Read(source.Metadata), batchSize, target);
            step = predictor.StepBytes;
        }

        return [new($"{name}: parameters", parameters.Bytes), new($"{name}: step of {batchSize} images", step)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Predictor.Dispose();
        parameters.Dispose();
    }
}
