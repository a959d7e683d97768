using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>An image tower with the head that a text tower made.</summary>
public sealed class ZeroShotClassifier : IDisposable
{
    private readonly ParameterStore parameters;

    private ZeroShotClassifier(ModelSource source, ParameterStore parameters) => (Source, this.parameters) = (source, parameters);

    /// <summary>The model, with as many classes as the head has.</summary>
    public ModelSource Source { get; }

    /// <summary>Puts a head on an image tower; of a student that distill wrote, on its tuned one.</summary>
    /// <param name="model">A CLIP model or what was made of one: file or run directory.</param>
    /// <param name="weights">[classes x embedding].</param>
    /// <param name="overrides">What the user wants otherwise than the file says.</param>
    /// <param name="target">Whose memory it lies in; null for the process's own.</param>
    /// <exception cref="RobustifyException">No CLIP model, or embeddings of another length.</exception>
    public static ZeroShotClassifier Create(string model, float[] weights, ModelOverrides overrides, ComputeTarget? target = null)
    {
        var plain = ModelSource.Resolve(model, overrides);
        int width = RequireImageTower(plain).FeatureWidth;
        if (weights.Length % width != 0)
            throw new RobustifyException($"model '{model}': embeddings of {width} elements found, texts of another length; use a text tower of the same CLIP model");
        var source = ModelSource.Resolve(model, overrides with { Classes = weights.Length / width });
        var parameters = source.LoadClassifier(_ => false, seed: 0, target);
        parameters.Write(parameters[source.Model.HeadName + ".weight"], span => weights.CopyTo(span));
        parameters.Write(parameters[source.Model.HeadName + ".bias"], span => span.Clear());
        return new(source, parameters);
    }

    /// <summary>Refuses everything but CLIP.</summary>
    public static IClipImageModel RequireImageTower(ModelSource source) => source.IsPretrained && source.Model is IClipImageModel tower
        ? tower
        : throw new RobustifyException($"model '{source.Name}': is no CLIP checkpoint ({source.Model.Description}), one expected; use open_clip's, OpenAI's or Hugging Face's");

    /// <summary>Its answers to so many images; on tensors that this keeps.</summary>
    public IPredictor Predictor(string name, int images, ComputeTarget target) =>
        new ClassifierPredictor(name, Source.Model, parameters, Source.Normalization, Benchmark.BatchFor(images), target);

    /// <summary>Writes it as a checkpoint of a plain classifier, which every verb takes.</summary>
    public void Save(string path) => Source.Save(path, parameters);

    /// <inheritdoc/>
    public void Dispose() => parameters.Dispose();
}
