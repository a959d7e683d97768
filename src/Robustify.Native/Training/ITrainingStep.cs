using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Planning;

namespace Robustify.Native.Training;

/// <summary>What one kind of training does with a batch: everything between the loader and the optimizer.</summary>
public interface ITrainingStep : IDisposable
{
    /// <summary>Mixtures the loader must give beside each clean image, 0 to 2.</summary>
    int AugMixViews { get; }

    /// <summary>The tensors whose trained part an optimizer moves.</summary>
    ParameterStore Parameters { get; }

    /// <summary>The losses; their values can be read after <see cref="Compute"/>.</summary>
    IReadOnlyList<LossHead> Losses { get; }

    /// <summary>Bytes of step memory beside the parameters, known before they are taken.</summary>
    long ArenaBytes { get; }

    /// <summary>
    /// What one step multiplies and adds, of everything it really computes: frozen models forward alone, a frozen trunk no gradient, a frozen
    /// part behind trained tensors the gradients of activations alone.
    /// </summary>
    MultiplyAdds MultiplyAdds { get; }

    /// <summary>How long it computed, by what for, where that is measured; null where it is not.</summary>
    PhaseClock? Phases => null;

    /// <summary>Brings a batch to the device.</summary>
    void Fill(IBackend backend, Batch batch);

    /// <summary>Forward and backward for the batch that was brought last; nothing is waited for. Every call does the same, so it can be captured.</summary>
    void Run(IBackend backend);

    /// <summary><see cref="Fill"/> and <see cref="Run"/>.</summary>
    void Compute(IBackend backend, Batch batch);

    /// <summary>Repeats the last step and names the first tensor that holds a NaN or an infinity; null where there is none.</summary>
    string? FindNonFinite(IBackend backend);
}
