using Robustify.Kernels.Tensors;

namespace Robustify.Native.Planning;

/// <summary>Where a batch of images goes into a model, from the host or from kernels on the device that it computes on.</summary>
public interface IModelInput
{
    /// <summary>Where the host writes the input: [batch, side, side, channels]. Asking for it has it brought to the device.</summary>
    Span<float> Images { get; }

    /// <summary>The input itself, Float32, for those who write it on the device.</summary>
    TensorView DeviceImages { get; }
}
