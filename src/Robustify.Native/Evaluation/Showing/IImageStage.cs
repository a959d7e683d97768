using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation.Showing;

/// <summary>Shows a batch of images to models: corrupts what was read and writes it, normalised, into their inputs.</summary>
internal interface IImageStage : IDisposable
{
    /// <summary>Takes the images of a batch, all of one size, with their indices in the source; they stay as they are until the next.</summary>
    void Take(ReadOnlySpan<Image8> clean, ReadOnlyMemory<uint> sampleIds);

    /// <summary>Shows the first so many as they were read.</summary>
    void ShowClean(int count);

    /// <summary>Shows a corrupted copy of the first so many, with the conditions in turn.</summary>
    void Corrupt(ConditionCycle conditions, ulong seed, int count);

    /// <summary>Writes the first so many shown images into a model's input; the other rows keep what they hold.</summary>
    void Normalize(Normalization normalization, IModelInput input, int count);

    /// <summary>An image as it is shown; valid until another is asked for or shown.</summary>
    Image8 Shown(int index);
}
