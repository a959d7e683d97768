using Robustify.Kernels.Backends;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation;

/// <summary>A model ready to answer: batches of at most <see cref="BatchSize"/> normalised images in, one distribution a row out.</summary>
public interface IPredictor : IModelInput, IDisposable
{
    /// <summary>Name in results: <c>original</c>, <c>robust</c> ...</summary>
    string Name { get; }

    /// <summary>The architecture.</summary>
    IVisionModel Model { get; }

    /// <summary>How its input is normalised.</summary>
    Normalization Normalization { get; }

    /// <summary>Rows of its input.</summary>
    int BatchSize { get; }

    /// <summary>Answers for the images that were put in place; <paramref name="sampleIds"/> key the draws of dropout passes.</summary>
    void Predict(IBackend backend, ReadOnlySpan<uint> sampleIds);

    /// <summary>Probabilities [BatchSize, classes] of the last batch.</summary>
    ReadOnlySpan<float> Probabilities { get; }
}
