using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Method;

/// <summary>
/// The large model with a frozen trunk, a tunable tail (the last blocks and the final norm) and three heads: clean, unclean, combined.
/// Beside them lies the original tail and head, frozen: the distillation target for clean images, and in the split form the clean answer.
/// </summary>
public sealed class ThreeHeadedStudent
{
    /// <summary>Metadata: present in a student's checkpoint; <c>shared</c> or <c>split</c>.</summary>
    public const string TailKey = "robustify.tail";

    /// <summary>Metadata: how many blocks the tail has.</summary>
    public const string TailBlocksKey = "robustify.tail_blocks";

    /// <param name="model">The large model's architecture.</param>
    /// <param name="tailBlocks">Blocks that are tuned, 0 to all.</param>
    /// <param name="tail">Shared or split.</param>
    public ThreeHeadedStudent(IVisionModel model, int tailBlocks, TailKind tail)
    {
        if (tailBlocks < 0 || tailBlocks > model.BlockCount)
            throw new RobustifyException($"student: {tailBlocks} tail blocks found, 0..{model.BlockCount} expected of {model.Description}");
        (Model, TailBlocks, Tail) = (model, tailBlocks, tail);
    }

    /// <summary>The architecture.</summary>
    public IVisionModel Model { get; }

    /// <summary>Blocks that are tuned.</summary>
    public int TailBlocks { get; }

    /// <summary>Shared or split.</summary>
    public TailKind Tail { get; }

    /// <summary>Blocks that stay frozen.</summary>
    public int TrunkBlocks => Model.BlockCount - TailBlocks;

    /// <summary>Name of the clean head: the model's own classifier.</summary>
    public string CleanHead => Model.HeadName;

    /// <summary>Name of the head for corrupted images.</summary>
    public string UncleanHead => Model.HeadName + "_unclean";

    /// <summary>Name of the head trained on both.</summary>
    public string CombinedHead => Model.HeadName + "_combined";

    /// <summary>Tensors of the student as it is saved: body, three heads, and in the split form the original tail.</summary>
    public IReadOnlyList<ParameterSpec> SavedSpecs =>
    [
        .. Model.AllSpecs(), .. ClassifierHead.Specs(UncleanHead, Model.FeatureWidth, Model.Classes),
        .. ClassifierHead.Specs(CombinedHead, Model.FeatureWidth, Model.Classes), .. Tail == TailKind.Split ? OriginalTail : [],
    ];

    /// <summary>Tensors in training: the original tail and head are always there.</summary>
    public IReadOnlyList<ParameterSpec> TrainingSpecs => Tail == TailKind.Split ? [.. SavedSpecs, .. OriginalHead] : [.. SavedSpecs, .. OriginalTail, .. OriginalHead];

    private IEnumerable<ParameterSpec> OriginalTail => Model.Body.Where(IsInTail).Select(Original);

    private IEnumerable<ParameterSpec> OriginalHead => ClassifierHead.Specs(Model.HeadName, Model.FeatureWidth, Model.Classes).Select(Original);

    /// <summary>Makes the training store with every tensor from the pretrained model: heads and original parts start as copies.</summary>
    public ParameterStore CreateTrainingStore(ModelSource pretrained, ulong seed) => Fill(new ParameterStore(TrainingSpecs, IsTrained), pretrained, seed, NameInPretrained);

    /// <summary>Makes a store for inference from a student's checkpoint.</summary>
    public ParameterStore LoadTrained(ModelSource checkpoint) => Fill(new ParameterStore(SavedSpecs, _ => false), checkpoint, 0, name => name);

    /// <summary>The student that a checkpoint holds; null where it is a plain classifier.</summary>
    public static ThreeHeadedStudent? Of(ModelSource source)
    {
        if (!source.Metadata.TryGetValue(TailKey, out string? tail))
            return null;
        if (!Enum.TryParse(tail, ignoreCase: true, out TailKind kind) || !Enum.IsDefined(kind) || !source.Metadata.TryGetValue(TailBlocksKey, out string? text)
            || !int.TryParse(text, out int blocks))
        {
            throw new RobustifyException($"{source.Name}: metadata {TailKey} and {TailBlocksKey} do not describe a student; use a file that distill wrote");
        }

        return new ThreeHeadedStudent(source.Model, blocks, kind);
    }

    /// <summary>Whether an optimizer moves the tensor: tail, final norm and heads; not the clean head of the split form.</summary>
    public bool IsTrained(ParameterSpec spec)
    {
        if (spec.Name.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal))
            return false;
        if (IsHead(spec.Name, CleanHead))
            return Tail == TailKind.Shared;
        return IsHead(spec.Name, UncleanHead) || IsHead(spec.Name, CombinedHead) || IsInTail(spec);
    }

    private static bool IsHead(string name, string head) => name == head + ".weight" || name == head + ".bias";

    private static ParameterSpec Original(ParameterSpec spec) => spec with { Name = CheckpointNames.OriginalPrefix + spec.Name };

    private bool IsInTail(ParameterSpec spec) => !spec.Name.StartsWith(Model.HeadName, StringComparison.Ordinal) && Model.BlockOf(spec.Name) >= TrunkBlocks;

    private string NameInPretrained(string name)
    {
        if (name.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal))
            name = name[CheckpointNames.OriginalPrefix.Length..];
        foreach (string head in (ReadOnlySpan<string>)[UncleanHead, CombinedHead])
        {
            if (IsHead(name, head))
                return CleanHead + name[head.Length..];
        }

        return name;
    }

    private static ParameterStore Fill(ParameterStore store, ModelSource source, ulong seed, Func<string, string> nameInFile)
    {
        try
        {
            source.Load(store, seed, nameInFile);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }
}
