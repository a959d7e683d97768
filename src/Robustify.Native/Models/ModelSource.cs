using Robustify.Kernels.Backends;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Clip;
using Robustify.Native.Models.ConvNext;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Models;

/// <summary>
/// A model as the user named it: a preset (an architecture with fresh weights), a safetensors file, or the directory of a run. It knows
/// the architecture and the input statistics; <see cref="Load"/> fills a store that the caller laid out.
/// </summary>
public sealed class ModelSource
{
    private const string ImageSizeKey = "robustify.image_size";

    private readonly string? file;

    private readonly ModelOverrides overrides;

    private ModelSource(
        string name, string? file, ModelOverrides overrides, IVisionModel model, Preprocessing preprocessing, IReadOnlyDictionary<string, string> metadata)
    {
        Name = name;
        this.file = file;
        this.overrides = overrides;
        Model = model;
        Preprocessing = preprocessing;
        Metadata = metadata;
    }

    /// <summary>What the user wrote.</summary>
    public string Name { get; }

    /// <summary>The architecture.</summary>
    public IVisionModel Model { get; }

    /// <summary>Mean and deviation its input is normalised with.</summary>
    public Normalization Normalization => Preprocessing.Normalization;

    /// <summary>How pictures become its input.</summary>
    public Preprocessing Preprocessing { get; }

    /// <summary>Whose names the file's tensors bear; unknown for a preset.</summary>
    public CheckpointFamily Family { get; private init; }

    /// <summary>Side of the images whose learned positions the file has, where those are interpolated to the model's; null where they are as stored.</summary>
    public int? InterpolatedFrom { get; private init; }

    /// <summary>The text tower of a CLIP model; null for every other, and for one that is an image tower alone.</summary>
    public ClipTextTower? Text { get; private init; }

    /// <summary>The file's format in words; empty for a preset.</summary>
    public string Format { get; private init; } = "";

    /// <summary>The checkpoint's free entries; empty for a preset.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether weights come from a file.</summary>
    public bool IsPretrained => file is not null;

    /// <summary>Finds out what <paramref name="nameOrPath"/> means.</summary>
    /// <exception cref="RobustifyException">Neither a preset nor a readable checkpoint of a known architecture.</exception>
    public static ModelSource Resolve(string nameOrPath) => Resolve(nameOrPath, new ModelOverrides());

    /// <summary>Finds out what <paramref name="nameOrPath"/> means, and takes some of it otherwise.</summary>
    /// <exception cref="RobustifyException">Neither a preset nor a readable checkpoint of a known architecture.</exception>
    public static ModelSource Resolve(string nameOrPath, ModelOverrides overrides)
    {
        if (ModelPresets.Contains(nameOrPath))
        {
            var preset = ModelPresets.Create(nameOrPath).With(overrides.ImageSize, overrides.Classes);
            var usual = PublishedPreprocessing.Usual(CheckpointFamily.Unknown, preset);
            return new(
                nameOrPath, null, overrides, preset, overrides.Preprocessing.Apply(nameOrPath, usual, preset.Channels), new Dictionary<string, string>());
        }

        string path = Directory.Exists(nameOrPath) ? TensorFiles.In(nameOrPath) ?? Path.Combine(nameOrPath, "checkpoint.safetensors") : nameOrPath;
        if (!File.Exists(path))
        {
            if (path != nameOrPath)
                throw new RobustifyException($"{nameOrPath}: holds no checkpoint under a usual name, such as checkpoint.safetensors or model.safetensors; name the file, or a run that has saved one");
            ModelPresets.Create(nameOrPath);
        }

        using var reader = CheckpointReader.Open(path, overrides.Family);
        var description = Describe(reader, overrides);
        var stored = Build(reader, description, overrides.Classes);
        var model = stored.With(overrides.ImageSize, overrides.Classes);
        var preprocessing = overrides.Preprocessing.Apply(nameOrPath, PreprocessingOf(reader, model), model.Channels);
        return new(nameOrPath, path, overrides, PromptedModel.Of(nameOrPath, model, reader.Metadata), preprocessing, reader.Metadata)
        {
            Family = reader.Family, Format = reader.Format,
            InterpolatedFrom = stored.ImageSize != model.ImageSize && model is VisionTransformer.VisionTransformer or IClipImageModel ? stored.ImageSize : null,
            Text = description is ClipDescription { Text: { } text } ? new ClipTextTower(text) : null,
        };
    }

    /// <summary>Makes the store of the text tower and fills it from the file.</summary>
    /// <param name="target">Whose memory it lies in; null for the process's own.</param>
    /// <exception cref="RobustifyException">The model has no text tower, or tensors of it are missing or of other shapes.</exception>
    public ParameterStore LoadText(ComputeTarget? target = null)
    {
        if (file is null || Text is null)
            throw new RobustifyException($"model '{Name}': has no text tower, a CLIP checkpoint with both towers expected");
        using var reader = CheckpointReader.Open(file, overrides.Family);
        reader.Match(
            [.. Text.Specs.Select(s => (s.Name, s.Shape.ToArray()))], name => !name.StartsWith(ClipTextTower.Prefix, StringComparison.Ordinal)
                && name != ClipTextTower.LogitScale);
        var store = new ParameterStore(Text.Specs, _ => false, target);
        try
        {
            foreach (var parameter in store.All)
                store.Write(parameter, span => reader.ReadFinite(parameter.Spec.Name, span));
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The same file with a visual prompt before the model, which begins at 0.</summary>
    /// <param name="width">Width of the frame in pixels.</param>
    internal ModelSource WithPrompt(int width) =>
        new(Name, file, overrides, new PromptedModel(Architecture, width), Preprocessing, Metadata) { Family = Family, Format = Format, Text = Text };

    /// <summary>Fills every tensor: from the file, or by the initializers under the seed.</summary>
    /// <param name="store">The caller's layout; the checkpoint must have its every tensor.</param>
    /// <param name="seed">For a preset.</param>
    /// <param name="nameInFile">Maps a store's name to the file's where they differ, as for the second and third head; null for the same.</param>
    /// <exception cref="RobustifyException">Tensors are missing or of other shapes.</exception>
    public void Load(ParameterStore store, ulong seed, Func<string, string>? nameInFile = null)
    {
        if (file is null)
        {
            if (nameInFile is not null)
                throw new RobustifyException($"model '{Name}': is a preset without weights, a pretrained checkpoint expected; train it first");
            store.Initialize(seed);
            return;
        }

        using var reader = CheckpointReader.Open(file, overrides.Family);
        if (overrides.Classes is not null)
            store.Initialize(seed);
        var stored = new StoredModel(reader, Model, isHeadReplaced: overrides.Classes is not null);
        stored.Require([.. store.All.Select(p => (nameInFile?.Invoke(p.Spec.Name) ?? p.Spec.Name, p.Spec.Shape.ToArray()))]);
        if (store.IsOnHost)
        {
            stored.ReadAll(store, name => nameInFile?.Invoke(name) ?? name);
            return;
        }

        foreach (var parameter in store.All)
            store.Write(parameter, span => stored.Read(nameInFile?.Invoke(parameter.Spec.Name) ?? parameter.Spec.Name, parameter.Spec.Shape, span));
    }

    /// <summary>
    /// Tensors of the file that are missing, misshapen or unknown to the model, by name and with what was expected; of a student, beside what
    /// <paramref name="specs"/> says it has. None for a preset.
    /// </summary>
    public IReadOnlyList<string> Misfits(IReadOnlyList<ParameterSpec> specs)
    {
        if (file is null)
            return [];
        using var reader = CheckpointReader.Open(file, overrides.Family);
        return new StoredModel(reader, Model, isHeadReplaced: overrides.Classes is not null).Misfits([.. specs.Select(s => (s.Name, s.Shape.ToArray()))]);
    }

    /// <summary>
    /// Reads the file once and refuses values that are not finite, as <see cref="Load"/> does for what it loads: for runs that would fail
    /// only after their directory is made.
    /// </summary>
    /// <exception cref="RobustifyException">Names the tensor and the element.</exception>
    public ModelSource RequireFinite()
    {
        if (file is not null)
        {
            using var reader = CheckpointReader.Open(file, overrides.Family);
            reader.RequireFinite();
        }

        return this;
    }

    /// <summary>Makes the store of the plain classifier and fills it.</summary>
    /// <param name="trained">Which tensors an optimizer moves.</param>
    /// <param name="seed">For a preset.</param>
    /// <param name="target">Whose memory they lie in; null for the process's own.</param>
    public ParameterStore LoadClassifier(Func<ParameterSpec, bool> trained, ulong seed, ComputeTarget? target = null)
    {
        var store = new ParameterStore(Model.AllSpecs(), trained, target);
        try
        {
            Load(store, seed);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Writes the file's tensors under other names; returns the names of those the other family has no place for.</summary>
    /// <param name="path">The safetensors file to write.</param>
    /// <param name="naming">Whose names.</param>
    /// <param name="dtype">F32, F16 or BF16 for float tensors; null to keep each tensor's.</param>
    /// <param name="preprocessing">What the file shall record.</param>
    /// <exception cref="RobustifyException">A preset, or tensors that cannot bear those names.</exception>
    public IReadOnlyList<string> Convert(string path, CheckpointNaming naming, StoredDType? dtype, Preprocessing preprocessing)
    {
        if (file is null)
            throw new RobustifyException($"model '{Name}': is a preset without weights, a checkpoint expected");
        using var reader = CheckpointReader.Open(file, overrides.Family);
        var metadata = CheckpointConversion.Facts(Describe(reader, overrides));
        metadata[ImageSizeKey] = Model.ImageSize.ToString(CultureInfo.InvariantCulture);
        preprocessing.Write(metadata);
        return CheckpointConversion.Convert(reader, path, naming, dtype, metadata);
    }

    /// <summary>Writes tensors of a store as a checkpoint that <see cref="Resolve(string)"/> reads.</summary>
    /// <param name="path">The file.</param>
    /// <param name="store">The tensors.</param>
    /// <param name="metadata">Entries beside those this method adds.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="specs">Which of them and in which order; null for all.</param>
    public unsafe void Save(
        string path, ParameterStore store, IReadOnlyDictionary<string, string>? metadata = null, StoredDType dtype = StoredDType.F32,
        IReadOnlyList<ParameterSpec>? specs = null)
    {
        var entries = PreprocessingFacts();
        entries["format"] = "pt";
        if (Model is PromptedModel prompted)
            entries[PromptedModel.WidthKey] = prompted.Width.ToString(CultureInfo.InvariantCulture);
        if (Architecture is VisionTransformer.VisionTransformer transformer)
        {
            entries[CheckpointNames.HeadsKey] = transformer.Options.Heads.ToString(CultureInfo.InvariantCulture);
            entries[CheckpointNames.LayerNormEpsilonKey] = transformer.Options.LayerNormEpsilon.ToString("R", CultureInfo.InvariantCulture);
        }

        if (Architecture is ResNet.ResNet { Options.StridesOnFirst: true })
            entries[CheckpointNames.StrideKey] = CheckpointNames.StrideOnFirst;
        if (Architecture is ConvNext.ConvNext convolutional)
            entries[CheckpointNames.LayerNormEpsilonKey] = convolutional.Options.FinalNormEpsilon.ToString("R", CultureInfo.InvariantCulture);
        if (Architecture is IClipImageModel clip)
        {
            var transform = clip.Options as ClipVisionTransformerOptions;
            var facts = ClipDescription.Facts(clip.Options, null, transform?.Activation ?? Activation.Gelu, transform?.LayerNormEpsilon ?? 1e-5f);
            foreach (var (key, value) in facts)
                entries[key] = value;
        }

        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            entries[key] = value;
        var copies = new List<IDisposable>();
        try
        {
            var tensors = (specs is null ? store.All : specs.Select(s => store[s.Name])).Select(p => new CheckpointTensor(
                p.Spec.Name, p.Spec.Shape.ToArray(), new NativeFloats(store.OnHost(p, copies).Floats, checked((int)p.Spec.Shape.Count)).Memory));
            CheckpointWriter.Write(path, [.. tensors], entries, dtype, NamingFamily.ToSave(Architecture));
        }
        finally
        {
            copies.ForEach(copy => copy.Dispose());
        }
    }

    /// <summary>What a file records of its preprocessing, the size of the input among it.</summary>
    internal SortedDictionary<string, string> PreprocessingFacts()
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { [ImageSizeKey] = Model.ImageSize.ToString(CultureInfo.InvariantCulture) };
        Preprocessing.Write(facts);
        return facts;
    }

    private IVisionModel Architecture => Model is PromptedModel prompted ? prompted.Inner : Model;

    private static ModelDescription Describe(CheckpointReader reader, ModelOverrides overrides) =>
        ClipInference.IsClip(reader.Family) ? ClipInference.Describe(reader, overrides.Activation) : reader.Describe();

    private static IVisionModel Build(CheckpointReader reader, ModelDescription description, int? classes) => description switch
    {
        ClipDescription d => d.Image.Create(),
        VisionTransformerDescription d => new VisionTransformer.VisionTransformer(new VisionTransformerOptions
        {
            ImageSize = d.ImageSize, PatchSize = d.PatchSize, Channels = d.Channels, Width = d.Width, Depth = d.Depth, Heads = d.Heads,
            MlpWidth = d.MlpWidth, Classes = classes ?? d.Classes, LayerNormEpsilon = (float)d.LayerNormEpsilon,
            HasLayerScale = d.HasLayerScale,
            Pooling = d switch
            {
                { ReadsDistillationToken: true } => TokenPooling.ClassAndDistillationTokens,
                { HasDistillationToken: true } => TokenPooling.ClassBesideDistillationToken,
                { HasClassToken: true } => TokenPooling.ClassToken,
                _ => TokenPooling.Mean,
            },
        }),
        ResNetDescription d => new ResNet.ResNet(new ResNetOptions
        {
            ImageSize = ImageSizeOf(reader, smallest: 8, usual: d.StemKernel == 3 ? 32 : 224), Channels = d.Channels, Bottleneck = d.Block == ResNetBlockKind.Bottleneck,
            Layers = d.Layers, Widths = d.StageWidths, StemWidth = d.StemWidth, SmallImageStem = d.StemKernel == 3,
            BottleneckExpansion = d.Block == ResNetBlockKind.Bottleneck ? d.StageOutputs[0] / d.StageWidths[0] : 4, StridesOnFirst = d.StridesOnFirst,
            Classes = classes ?? d.Classes,
        }),
        ConvNextDescription d => new ConvNext.ConvNext(new ConvNextOptions
        {
            ImageSize = ImageSizeOf(reader, smallest: ConvNextOptions.StemPatch << (d.Layers.Count - 1), usual: 224), Channels = d.Channels,
            Layers = d.Layers, Widths = d.Widths, Kernel = d.Kernel, FinalNormEpsilon = (float)d.FinalNormEpsilon,
            Classes = classes ?? d.Classes,
        }),
        var other => throw new RobustifyException($"{reader.Path}: architecture {other.GetType().Name} cannot be built; use a ViT, a ResNet, a ConvNeXt or CLIP"),
    };

    // A convolutional network takes images of any size, so its tensors do not tell which it was trained on.
    private static int ImageSizeOf(CheckpointReader reader, int smallest, int usual)
    {
        if (!reader.Metadata.TryGetValue(ImageSizeKey, out string? text))
            return PublishedPreprocessing.ImageSize(reader.OpenedPath) ?? usual;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size >= smallest && size <= 4096
            ? size
            : throw new RobustifyException($"{reader.Path}: metadata {ImageSizeKey} '{text}' found, a number of {smallest}..4096 expected");
    }

    private static Preprocessing PreprocessingOf(CheckpointReader reader, IVisionModel model)
    {
        var published = PublishedPreprocessing.Of(reader.OpenedPath, reader.Family, model);
        var found = Preprocessing.FromMetadata(reader.Path, reader.Metadata, published);
        return found.Normalization.Channels == model.Channels
            ? found
            : throw new RobustifyException(
                $"{reader.Path}: mean and deviation of {found.Normalization.Channels} channels found, the model has {model.Channels}");
    }
}
