using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Models;

/// <summary>
/// The tensors of a checkpoint as a model wants them: learned positions resampled to another grid, a head that is replaced left alone, and
/// everything finite.
/// </summary>
internal sealed class StoredModel(CheckpointReader reader, IVisionModel model, bool isHeadReplaced)
{
    private const string Positions = "pos_embed";

    /// <summary>Holds the file against the wanted tensors.</summary>
    /// <exception cref="RobustifyException">Lists tensors that are missing, misshapen or unknown.</exception>
    public void Require(IReadOnlyList<(string Name, int[] Shape)> wanted) => reader.Match(AsStored(wanted), IsOptional);

    /// <summary>What <see cref="Require"/> would refuse, all of it.</summary>
    public IReadOnlyList<string> Misfits(IReadOnlyList<(string Name, int[] Shape)> wanted) => reader.Misfits(AsStored(wanted), IsOptional);

    /// <summary>
    /// Fills every tensor of a store in host memory, on all cores: what the file holds as it is wanted in pieces, each looked over for what
    /// is not finite while it is still in the cache.
    /// </summary>
    /// <param name="store">Laid out as <see cref="Require"/> was asked.</param>
    /// <param name="nameInFile">The name in the file of a tensor of the store.</param>
    public unsafe void ReadAll(ParameterStore store, Func<string, string> nameInFile)
    {
        var work = new LoadingWork();
        foreach (var parameter in store.All)
        {
            string name = nameInFile(parameter.Spec.Name);
            if (IsReplaced(name))
                continue;
            var (shape, view) = (parameter.Spec.Shape, parameter.Value.View);
            if (IsResampled(name, shape.ToArray()) || reader.Verbatim(name) is not { Count: > 0 } parts)
            {
                work.Add(() => Read(name, shape, view.Span));
                continue;
            }

            nint destination = view.Pointer;
            foreach (var (file, offset, bytes) in parts)
            {
                work.AddCopy(file, offset, destination, bytes);
                destination += bytes;
            }
        }

        if (!work.Run())
            throw NotFinite("of it");
    }

    /// <summary>Reads one tensor; one of a replaced head keeps what the destination holds.</summary>
    public void Read(string name, Shape shape, Span<float> destination)
    {
        if (IsReplaced(name))
            return;
        if (IsResampled(name, shape.ToArray()))
        {
            int[] stored = reader.Shape(name);
            var positions = new float[stored[0] * stored[1]];
            reader.Read(name, positions);
            PositionInterpolation.Resample(positions, destination, stored[1], PositionInterpolation.StoredPrefix(stored[0], PrefixTokens), PrefixTokens);
        }
        else
        {
            reader.Read(name, destination);
        }

        if (!FloatConversion.AreFinite(destination))
            throw NotFinite($"'{name}'");
    }

    private RobustifyException NotFinite(string tensor)
    {
        reader.RequireFinite(); // Names the tensor and the element.
        return new RobustifyException($"{reader.Path}: tensor {tensor} holds values that are not finite; use a checkpoint of a run that did not diverge");
    }

    private (string Name, int[] Shape)[] AsStored(IReadOnlyList<(string Name, int[] Shape)> wanted) =>
        [.. wanted.Where(w => !IsReplaced(w.Name)).DistinctBy(w => w.Name).Select(w => (w.Name, IsResampled(w.Name, w.Shape) ? reader.Shape(w.Name) : w.Shape))];

    private bool IsOptional(string name) => IsExtra(name) || IsReplaced(name);

    private int PrefixTokens => model switch
    {
        VisionTransformer.VisionTransformer transformer => transformer.Options.PrefixTokens,
        Clip.IClipImageModel => 1,
        _ => 0,
    };

    // A prompt that the file has not is new and begins at 0.
    private bool IsReplaced(string name) => (isHeadReplaced && name.StartsWith(model.HeadName + ".", StringComparison.Ordinal))
        || (name == PromptedModel.TensorName && !reader.Contains(name));

    private bool IsResampled(string name, int[] shape) => NamingFamily.WithoutPrefix(name) is Positions or "attnpool." + Positions && reader.Contains(name)
        && reader.Shape(name) is { Length: 2 } stored && stored[1] == shape[1] && stored[0] != shape[0]
        && PositionInterpolation.IsPossible(stored[0], shape[0], PrefixTokens);

    // The further heads and the original tail of a student, which a plain model leaves aside, and CLIP's other tower.
    private bool IsExtra(string name) =>
        (model is Clip.IClipImageModel && (name == Clip.ClipTextTower.LogitScale || name.StartsWith(Clip.ClipTextTower.Prefix, StringComparison.Ordinal)))
        || name.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal) || name.Contains("_unclean.", StringComparison.Ordinal)
        || name.Contains("_combined.", StringComparison.Ordinal);
}
