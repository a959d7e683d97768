using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models;

/// <summary>
/// A model with a visual prompt before it: a learned frame of pixels, added to every normalised image (Bahng et al., arXiv 2203.17274). One
/// more tensor, <c>prompt</c> [H, W C], which begins at 0, so that the prompted model begins as the model itself.
/// </summary>
internal sealed class PromptedModel : IVisionModel
{
    /// <summary>Name of the tensor.</summary>
    public const string TensorName = "prompt";

    /// <summary>Metadata: width of the frame in pixels; there in the checkpoint of a prompted model.</summary>
    public const string WidthKey = "robustify.prompt_width";

    // 30 of 224 pixels, as published.
    private const double PublishedWidth = 30.0 / 224;

    /// <param name="inner">The model.</param>
    /// <param name="width">Width of the frame in pixels, at least 1 and at most half a side.</param>
    public PromptedModel(IVisionModel inner, int width)
    {
        if (width < 1 || 2 * width > inner.ImageSize)
            throw new RobustifyException($"visual prompt: a frame of {width} pixels found, 1..{inner.ImageSize / 2} expected of images of {inner.ImageSize}");
        (Inner, Width) = (inner, width);
        Body = [new ParameterSpec(TensorName, new Shape(ImageSize, ImageSize * Channels), Initializer.Zeros), .. inner.Body];
    }

    /// <summary>The model behind the prompt.</summary>
    public IVisionModel Inner { get; }

    /// <summary>Width of the frame in pixels.</summary>
    public int Width { get; }

    /// <inheritdoc/>
    public string Description => $"{Inner.Description}, behind a visual prompt of {Width} pixels";

    /// <inheritdoc/>
    public int ImageSize => Inner.ImageSize;

    /// <inheritdoc/>
    public int Channels => Inner.Channels;

    /// <inheritdoc/>
    public int Classes => Inner.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => Inner.FeatureWidth;

    /// <inheritdoc/>
    public string HeadName => Inner.HeadName;

    /// <inheritdoc/>
    public int BlockCount => Inner.BlockCount;

    /// <inheritdoc/>
    public int DefaultTailBlocks => Inner.DefaultTailBlocks;

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Body { get; }

    /// <summary>Numbers of the frame, which are all that a prompt trains.</summary>
    public long FrameCount => Channels * ((long)ImageSize * ImageSize - (long)(ImageSize - 2 * Width) * (ImageSize - 2 * Width));

    /// <summary>The published width for a model's images: 30 of 224 pixels.</summary>
    public static int StandardWidth(IVisionModel model) => Math.Max(1, (int)Math.Round(PublishedWidth * model.ImageSize));

    /// <summary>The model that a checkpoint's metadata tells of: itself, or prompted.</summary>
    public static IVisionModel Of(string name, IVisionModel model, IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(WidthKey, out string? text))
            return model;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int width) && width >= 1 && 2 * width <= model.ImageSize
            ? new PromptedModel(model, width)
            : throw new RobustifyException($"{name}: metadata {WidthKey} '{Files.OneLine.Of(text)}' found, 1..{model.ImageSize / 2} expected");
    }

    /// <inheritdoc/>
    public int BlockOf(string parameterName) => parameterName == TensorName ? -1 : Inner.BlockOf(parameterName);

    /// <inheritdoc/>
    public Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blocks) =>
        Inner.Trunk(graph, parameters, graph.AddPrompt("prompted", images, parameters[TensorName], Width), blocks);

    /// <inheritdoc/>
    public Value Tail(GraphBuilder graph, ParameterScope parameters, Value trunk, int blocks) => Inner.Tail(graph, parameters, trunk, blocks);
}
