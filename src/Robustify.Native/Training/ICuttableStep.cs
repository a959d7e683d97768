using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Planning;

namespace Robustify.Native.Training;

/// <summary>A step that can be cut behind its frozen parts, so that what these compute can be stored.</summary>
internal interface ICuttableStep : ITrainingStep
{
    /// <summary>The step; its cut is null where nothing was cut.</summary>
    Plan Plan { get; }

    /// <summary>Whether the part behind the cut reads the images too.</summary>
    bool NeedsImages { get; }

    /// <summary>Brings labels and numbers of a batch, not its images.</summary>
    void FillNumbers(IBackend backend, Batch batch);
}
