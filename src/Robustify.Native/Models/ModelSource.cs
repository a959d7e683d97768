using Robustify.Kernels.Backends;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models.Checkpoints;
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
    private const string MeanKey = "robustify.mean";
    private const string StdKey = "robustify.std";

    private readonly string? file;

    private ModelSource(string name, string? file, IVisionModel model, Normalization normalization, IReadOnlyDictionary<string, string> metadata)
    {
        Name = name;
        this.file = file;
        Model = model;
        Normalization = normalization;
        Metadata = metadata;
    }

    /// <summary>What the user wrote.</summary>
    public string Name { get; }

    /// <summary>The architecture.</summary>
    public IVisionModel Model { get; }

    /// <summary>Mean and deviation its input is normalised with.</summary>
    public Normalization Normalization { get; }

    /// <summary>The checkpoint's free entries; empty for a preset.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether weights come from a file.</summary>
    public bool IsPretrained => file is not null;

    /// <summary>Finds out what <paramref name="nameOrPath"/> means.</summary>
    /// <exception cref="RobustifyException">Neither a preset nor a readable checkpoint of a known architecture.</exception>
    public static ModelSource Resolve(string nameOrPath)
    {
        if (ModelPresets.Contains(nameOrPath))
        {
            var preset = ModelPresets.Create(nameOrPath);
            return new(nameOrPath, null, preset, DefaultNormalization(preset), new Dictionary<string, string>());
        }

        string path = Directory.Exists(nameOrPath) ? Path.Combine(nameOrPath, "checkpoint.safetensors") : nameOrPath;
        if (!File.Exists(path))
        {
            if (path != nameOrPath)
                throw new RobustifyException($"{nameOrPath}: has no checkpoint.safetensors; name the directory of a run that has saved one");
            ModelPresets.Create(nameOrPath);
        }

        using var reader = CheckpointReader.Open(path);
        reader.RequireFinite();
        var model = Build(reader);
        return new(nameOrPath, path, model, NormalizationOf(reader, model), reader.Metadata);
    }

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

        using var reader = CheckpointReader.Open(file);
        var wanted = store.All.Select(p => (Name: nameInFile?.Invoke(p.Spec.Name) ?? p.Spec.Name, p.Spec.Shape)).DistinctBy(w => w.Name);
        reader.Match([.. wanted.Select(w => (w.Name, w.Shape.ToArray()))], isOptional: IsExtra);
        foreach (var parameter in store.All)
            store.Write(parameter, span => reader.Read(nameInFile?.Invoke(parameter.Spec.Name) ?? parameter.Spec.Name, span));
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

    /// <summary>Writes every tensor of a store as a checkpoint that <see cref="Resolve"/> reads.</summary>
    /// <param name="path">The file.</param>
    /// <param name="store">The tensors.</param>
    /// <param name="metadata">Entries beside those this method adds.</param>
    /// <param name="dtype">F32 or BF16.</param>
    public unsafe void Save(
        string path, ParameterStore store, IReadOnlyDictionary<string, string>? metadata = null, StoredDType dtype = StoredDType.F32)
    {
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = "pt",
            [ImageSizeKey] = Model.ImageSize.ToString(CultureInfo.InvariantCulture),
            [MeanKey] = Join(Normalization.Mean),
            [StdKey] = Join(Normalization.Std),
        };
        if (Model is VisionTransformer.VisionTransformer transformer)
        {
            entries[CheckpointNames.HeadsKey] = transformer.Options.Heads.ToString(CultureInfo.InvariantCulture);
            entries[CheckpointNames.LayerNormEpsilonKey] = transformer.Options.LayerNormEpsilon.ToString("R", CultureInfo.InvariantCulture);
        }

        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            entries[key] = value;
        var copies = new List<IDisposable>();
        try
        {
            var tensors = store.All.Select(p => new CheckpointTensor(
                p.Spec.Name, p.Spec.Shape.ToArray(), new NativeFloats(store.OnHost(p, copies).Floats, checked((int)p.Spec.Shape.Count)).Memory));
            CheckpointWriter.Write(path, [.. tensors], entries, dtype);
        }
        finally
        {
            copies.ForEach(copy => copy.Dispose());
        }
    }

    // The further heads and the original tail of a student: a plain model leaves them aside.
    private static bool IsExtra(string name) =>
        name.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal) || name.Contains("_unclean.", StringComparison.Ordinal)
        || name.Contains("_combined.", StringComparison.Ordinal);

    private static IVisionModel Build(CheckpointReader reader) => reader.Describe() switch
    {
        VisionTransformerDescription d => new VisionTransformer.VisionTransformer(new VisionTransformerOptions
        {
            ImageSize = d.ImageSize, PatchSize = d.PatchSize, Channels = d.Channels, Width = d.Width, Depth = d.Depth, Heads = d.Heads,
            MlpWidth = d.MlpWidth, Classes = RequireHead(reader, d.Classes), LayerNormEpsilon = (float)d.LayerNormEpsilon,
            Pooling = d.HasClassToken ? TokenPooling.ClassToken : TokenPooling.Mean,
        }),
        ResNetDescription d => new ResNet.ResNet(new ResNetOptions
        {
            ImageSize = ImageSizeOf(reader, d.StemKernel), Channels = d.Channels, Bottleneck = d.Block == ResNetBlockKind.Bottleneck,
            Layers = d.Layers, Widths = d.StageWidths, StemWidth = d.StemWidth, SmallImageStem = d.StemKernel == 3,
            Classes = RequireHead(reader, d.Classes),
        }),
        var other => throw new RobustifyException($"{reader.Path}: architecture {other.GetType().Name} cannot be built; use a ViT or a ResNet"),
    };

    private static int RequireHead(CheckpointReader reader, int classes) => classes > 0
        ? classes
        : throw new RobustifyException($"{reader.Path}: has no classifier head; use a checkpoint of a classifier");

    // A ResNet takes images of any size, so its tensors do not tell which it was trained on.
    private static int ImageSizeOf(CheckpointReader reader, int stemKernel)
    {
        if (!reader.Metadata.TryGetValue(ImageSizeKey, out string? text))
            return stemKernel == 3 ? 32 : 224;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size is >= 8 and <= 4096
            ? size
            : throw new RobustifyException($"{reader.Path}: metadata {ImageSizeKey} '{text}' found, a number of 8..4096 expected");
    }

    private static Normalization NormalizationOf(CheckpointReader reader, IVisionModel model)
    {
        if (!reader.Metadata.TryGetValue(MeanKey, out string? mean) || !reader.Metadata.TryGetValue(StdKey, out string? std))
            return DefaultNormalization(model);
        var normalization = new Normalization(Split(reader, mean), Split(reader, std));
        return normalization.Channels == model.Channels
            ? normalization
            : throw new RobustifyException($"{reader.Path}: metadata {MeanKey} has {normalization.Channels} channels, the model {model.Channels}");
    }

    private static Normalization DefaultNormalization(IVisionModel model) => model.Channels == 1 ? Normalization.FashionMnist : Normalization.ImageNet;

    private static string Join(IReadOnlyList<double> values) =>
        string.Join(',', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

    private static double[] Split(CheckpointReader reader, string text) => [.. text.Split(',').Select(part =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new RobustifyException($"{reader.Path}: metadata '{text}' found where numbers with commas between are expected"))];
}
