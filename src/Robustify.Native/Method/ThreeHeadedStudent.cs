using Robustify.Kernels.Backends;
using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Method;

/// <summary>
/// The large model with a few tuned blocks at one end (the stem and the first, or the last and the final norm), the others frozen, and
/// three heads: clean, unclean, combined. Beside them lie the tuned blocks and the head as they were, frozen: the original model, which is
/// the distillation target for clean images and in the split form the clean answer.
/// </summary>
public sealed class ThreeHeadedStudent
{
    /// <summary>Metadata: present in a student's checkpoint; <c>shared</c> or <c>split</c>.</summary>
    public const string TailKey = "robustify.tail";

    /// <summary>Metadata: <c>first</c> or <c>last</c>.</summary>
    public const string TunedKey = "robustify.tuned";

    /// <summary>Metadata: how many heads it has; absent where it has all three.</summary>
    internal const string HeadsKey = "robustify.heads";

    /// <summary>As many heads as the method has.</summary>
    internal const int AllHeads = 3;

    /// <summary>Metadata: how many blocks the tail has.</summary>
    public const string TailBlocksKey = "robustify.tail_blocks";

    /// <param name="model">The large model's architecture.</param>
    /// <param name="tailBlocks">Blocks that are tuned, 0 to all.</param>
    /// <param name="tail">Shared or split.</param>
    /// <param name="tuned">Which end they are at.</param>
    /// <param name="heads">3; or, to see what they are worth, 2 without the combined head, or 1.</param>
    public ThreeHeadedStudent(IVisionModel model, int tailBlocks, TailKind tail, TunedEnd tuned, int heads = AllHeads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(heads, AllHeads);
        if (tailBlocks < 0 || tailBlocks > model.BlockCount)
            throw new RobustifyException($"student: {tailBlocks} tail blocks found, 0..{model.BlockCount} expected of {model.Description}");
        (Model, TailBlocks, Tail, Tuned, Heads) = (model, tailBlocks, tail, tuned, heads);
    }

    /// <summary>The architecture.</summary>
    public IVisionModel Model { get; }

    /// <summary>Blocks that are tuned.</summary>
    public int TailBlocks { get; }

    /// <summary>Shared or split.</summary>
    public TailKind Tail { get; }

    /// <summary>Which end the tuned blocks are at.</summary>
    public TunedEnd Tuned { get; }

    /// <summary>1 to 3.</summary>
    public int Heads { get; }

    /// <summary>Blocks before the cut between tuned and frozen.</summary>
    public int TrunkBlocks => Tuned == TunedEnd.Last ? Model.BlockCount - TailBlocks : TailBlocks;

    /// <summary>Name of the clean head: the model's own classifier.</summary>
    public string CleanHead => Model.HeadName;

    /// <summary>Name of the head for corrupted images.</summary>
    public string UncleanHead => Model.HeadName + "_unclean";

    /// <summary>Name of the head trained on both; where it is the only one, the model's own classifier.</summary>
    public string CombinedHead => Heads == 1 ? Model.HeadName : Model.HeadName + "_combined";

    /// <summary>Names of its heads.</summary>
    public IReadOnlyList<string> HeadNames => [CleanHead, .. FurtherHeads];

    /// <summary>Tensors of the student as it is saved: body, three heads, and in the split form the original tail.</summary>
    public IReadOnlyList<ParameterSpec> SavedSpecs =>
    [
        .. Model.AllSpecs(), .. FurtherHeads.SelectMany(head => ClassifierHead.Specs(head, Model.FeatureWidth, Model.Classes)),
        .. Tail == TailKind.Split ? OriginalBlocks : [],
    ];

    /// <summary>Tensors in training: the original tail and head are always there.</summary>
    public IReadOnlyList<ParameterSpec> TrainingSpecs => Tail == TailKind.Split ? [.. SavedSpecs, .. OriginalHead] : [.. SavedSpecs, .. OriginalBlocks, .. OriginalHead];

    private string[] FurtherHeads => Heads switch { 1 => [], 2 => [UncleanHead], _ => [UncleanHead, CombinedHead] };

    private IEnumerable<ParameterSpec> OriginalBlocks => Model.Body.Where(IsTuned).Select(Original);

    private IEnumerable<ParameterSpec> OriginalHead => ClassifierHead.Specs(Model.HeadName, Model.FeatureWidth, Model.Classes).Select(Original);

    /// <summary>Images through tuned and frozen blocks to features; under the prefix of the original blocks, as the original model does.</summary>
    public Value Features(GraphBuilder graph, ParameterScope parameters, Value images) =>
        Model.Tail(graph, parameters, Model.Trunk(graph, parameters, images, TrunkBlocks), TrunkBlocks);

    /// <summary>
    /// Images to the features of the unclean and the combined head, and to those of the clean head: the same with a shared tail, the original
    /// model's with a split one. A frozen trunk that both have is computed once.
    /// </summary>
    public (Value Features, Value CleanFeatures) InferenceFeatures(GraphBuilder graph, ParameterStore parameters, Value images)
    {
        var (tuned, original) = (new ParameterScope(parameters), new ParameterScope(parameters, CheckpointNames.OriginalPrefix));
        if (Tuned == TunedEnd.First)
        {
            var own = Features(graph, tuned, images);
            return (own, Tail == TailKind.Split ? Features(graph, original, images) : own);
        }

        var trunk = Model.Trunk(graph, tuned, images, TrunkBlocks);
        var features = Model.Tail(graph, tuned, trunk, TrunkBlocks);
        return (features, Tail == TailKind.Split ? Model.Tail(graph, original, trunk, TrunkBlocks) : features);
    }

    /// <summary>Makes the training store with every tensor from the pretrained model: heads and original parts start as copies.</summary>
    public ParameterStore CreateTrainingStore(ModelSource pretrained, ulong seed, ComputeTarget? target = null) =>
        Fill(new ParameterStore(TrainingSpecs, IsTrained, target), pretrained, seed, NameInPretrained);

    /// <summary>Makes a store for inference from a student's checkpoint.</summary>
    public ParameterStore LoadTrained(ModelSource checkpoint, ComputeTarget? target = null) =>
        Fill(new ParameterStore(SavedSpecs, _ => false, target), checkpoint, 0, name => name);

    /// <summary>Makes a store like <see cref="LoadTrained"/>'s with every tensor as it was before training.</summary>
    internal ParameterStore LoadOriginal(ModelSource pretrained) =>
        Fill(new ParameterStore(SavedSpecs, _ => false), pretrained, 0, NameInPretrained);

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

        if (!Enum.TryParse(source.Metadata.GetValueOrDefault(TunedKey, "last"), ignoreCase: true, out TunedEnd tuned) || !Enum.IsDefined(tuned))
            throw new RobustifyException($"{source.Name}: metadata {TunedKey} '{source.Metadata[TunedKey]}' found, first or last expected; use a file that distill wrote");
        string heads = source.Metadata.GetValueOrDefault(HeadsKey, "3");
        if (heads is not ("2" or "3"))
            throw new RobustifyException($"{source.Name}: metadata {HeadsKey} '{heads}' found, 2 or 3 expected; use a file that distill wrote");
        return new ThreeHeadedStudent(source.Model, blocks, kind, tuned, heads[0] - '0');
    }

    /// <summary>Whether an optimizer moves the tensor: tail, final norm and heads; not the clean head of the split form.</summary>
    public bool IsTrained(ParameterSpec spec)
    {
        if (spec.Name.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal))
            return false;
        if (IsHead(spec.Name, CleanHead))
            return Tail == TailKind.Shared;
        return IsHead(spec.Name, UncleanHead) || IsHead(spec.Name, CombinedHead) || IsTuned(spec);
    }

    private static bool IsHead(string name, string head) => name == head + ".weight" || name == head + ".bias";

    private static ParameterSpec Original(ParameterSpec spec) => spec with { Name = CheckpointNames.OriginalPrefix + spec.Name };

    private bool IsTuned(ParameterSpec spec) => IsTuned(Model, spec.Name, TailBlocks, Tuned);

    /// <summary>Whether a tensor of the body is among <paramref name="blocks"/> blocks at one end, or beyond them: the stem, the final norm.</summary>
    internal static bool IsTuned(IVisionModel model, string name, int blocks, TunedEnd end) => !name.StartsWith(model.HeadName, StringComparison.Ordinal)
        && (end == TunedEnd.Last ? model.BlockOf(name) >= model.BlockCount - blocks : model.BlockOf(name) < blocks);

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
