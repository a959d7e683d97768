using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;

namespace Robustify.Native.Models;

/// <summary>
/// An image classifier as a list of tensors and a way to build its graph. It is cut into blocks, so that a part can be frozen: a trunk of
/// the first blocks, a tail of the others, and one or more linear heads on the features.
/// </summary>
public interface IVisionModel
{
    /// <summary>The architecture in words: <c>ViT, 6 blocks of width 128, patch 4</c>.</summary>
    string Description { get; }

    /// <summary>Side of the square input.</summary>
    int ImageSize { get; }

    /// <summary>1 (grey) or 3 (RGB).</summary>
    int Channels { get; }

    /// <summary>Classes of a head; 0 for a model that has none yet.</summary>
    int Classes { get; }

    /// <summary>Length of the feature vector that a head takes.</summary>
    int FeatureWidth { get; }

    /// <summary>Name of the classifier: <c>head</c> or <c>fc</c>.</summary>
    string HeadName { get; }

    /// <summary>Number of blocks that can be frozen one by one.</summary>
    int BlockCount { get; }

    /// <summary>Blocks of the tail where nobody says otherwise.</summary>
    int DefaultTailBlocks { get; }

    /// <summary>All tensors of the body, without the head.</summary>
    IReadOnlyList<ParameterSpec> Body { get; }

    /// <summary>The block a tensor of the body belongs to: -1 for the stem before the first block, <see cref="BlockCount"/> for the final norm.</summary>
    int BlockOf(string parameterName);

    /// <summary>Images [N, H, W, C] through the stem and the first <paramref name="blocks"/> blocks.</summary>
    Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blocks);

    /// <summary>The output of a trunk of <paramref name="blocks"/> blocks through the others to features [N, FeatureWidth].</summary>
    Value Tail(GraphBuilder graph, ParameterScope parameters, Value trunk, int blocks);
}

/// <summary>Looks up a model's tensors in a store, under a prefix where the store holds a second copy of a part, else plainly.</summary>
public readonly record struct ParameterScope(ParameterStore Store, string Prefix = "")
{
    /// <summary>The tensor of that name.</summary>
    public Parameter this[string name] => Store.Contains(Prefix + name) ? Store[Prefix + name] : Store[name];
}
