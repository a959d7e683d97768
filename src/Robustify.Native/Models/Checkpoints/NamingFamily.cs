namespace Robustify.Native.Models.Checkpoints;

/// <summary>How parts become one tensor.</summary>
internal enum PartJoin
{
    /// <summary>One below the other along the first dimension.</summary>
    Rows,

    /// <summary>Side by side along the last dimension, each times 1 / count: heads whose answers are averaged.</summary>
    MeanColumns,

    /// <summary>Their mean.</summary>
    Mean,
}

/// <summary>Where a published tensor goes.</summary>
/// <param name="Name">The engine's name; empty for a tensor that other families have no place for.</param>
/// <param name="Part">Which of <paramref name="PartCount"/> equal parts.</param>
/// <param name="PartCount">1, 2 for the two tokens and heads of a distilled DeiT, 3 for query, key and value.</param>
/// <param name="Join">How the parts become one.</param>
/// <param name="IsIgnored">Known and of no use to the engine; kept when a file is converted.</param>
/// <param name="IsTransposed">Whether the file has the matrix [in, out] where the engine has [out, in].</param>
internal readonly record struct EngineTarget(
    string Name, int Part = 0, int PartCount = 1, PartJoin Join = PartJoin.Rows, bool IsIgnored = false, bool IsTransposed = false);

/// <summary>The names of one family of checkpoints.</summary>
internal abstract class NamingFamily(CheckpointFamily family)
{
    private static readonly NamingFamily[] All =
    [
        VisionTransformerNaming.Timm, VisionTransformerNaming.Torchvision, VisionTransformerNaming.TorchvisionLinear,
        VisionTransformerNaming.HuggingFace, VisionTransformerNaming.TimmDistilled, VisionTransformerNaming.HuggingFaceDistilled,
        VisionTransformerNaming.HuggingFaceDeit,
        new ResNetNaming(), new HuggingFaceResNetNaming(),
        ConvNextNaming.Timm, ConvNextNaming.Torchvision, ConvNextNaming.HuggingFace, ConvNextNaming.Original,
        ClipNaming.OpenClip, ClipNaming.OpenClipResNet, ClipNaming.HuggingFace,
    ];

    public CheckpointFamily Family { get; } = family;

    /// <summary>
    /// The family that knows the most of the names, the first of several; null where none knows any. So a file with a part of the names
    /// will do.
    /// </summary>
    public static NamingFamily? Detect(IEnumerable<string> published)
    {
        var counts = new int[All.Length];
        foreach (string name in published)
        {
            for (int i = 0; i < All.Length; i++)
                counts[i] += All[i].Translate(WithoutPrefix(name)) is null ? 0 : 1;
        }

        int most = counts.Max();
        return most == 0 ? null : All[Array.IndexOf(counts, most)];
    }

    public static NamingFamily? Of(CheckpointFamily family) => Array.Find(All, f => f.Family == family);

    /// <summary>The names a model is saved under, where the engine's own, which are timm's and torchvision's, do not say all of it; else null.</summary>
    public static NamingFamily? ToSave(IVisionModel model) => model switch
    {
        Clip.IClipImageModel tower => ClipNaming.Of(tower),
        VisionTransformer.VisionTransformer { Options.Pooling: VisionTransformer.TokenPooling.ClassAndDistillationTokens } => VisionTransformerNaming.TimmDistilled,
        VisionTransformer.VisionTransformer { Options.Pooling: VisionTransformer.TokenPooling.ClassBesideDistillationToken } => VisionTransformerNaming.HuggingFaceDeit,
        _ => null,
    };

    /// <summary>The name without the prefix of the frozen original tail, which is named as the model itself is.</summary>
    public static string WithoutPrefix(string name) =>
        name.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal) ? name[CheckpointNames.OriginalPrefix.Length..] : name;

    /// <summary>The engine's name of a published one; null where the family does not know it.</summary>
    public abstract EngineTarget? Translate(string published);

    /// <summary>The published names of an engine's tensor, one for each part; null where the family has no such tensor.</summary>
    public abstract string[]? Publish(string engineName);

    /// <summary>The shape under which the family publishes an engine's tensor that a file has in the given shape.</summary>
    public virtual long[] PublishedShape(string engineName, long[] shape) => shape;

    /// <summary>The shape that a tensor in the engine's layout has in a file of the family, before it is cut into parts.</summary>
    public virtual int[] PublishedLayout(string engineName, ReadOnlySpan<int> engineShape) => WeightLayout.ToPublished(engineName, engineShape);

    /// <summary>Splits "N.rest" where N is a number without leading zeros.</summary>
    protected static bool TrySplitNumber(string text, out int number, out string rest)
    {
        int dot = text.IndexOf('.');
        (number, rest) = (0, "");
        if (dot is < 1 or > 6 || (text[0] == '0' && dot > 1) || text.AsSpan(0, dot).ContainsAnyExceptInRange('0', '9'))
            return false;
        number = int.Parse(text.AsSpan(0, dot), System.Globalization.CultureInfo.InvariantCulture);
        rest = text[(dot + 1)..];
        return true;
    }
}
