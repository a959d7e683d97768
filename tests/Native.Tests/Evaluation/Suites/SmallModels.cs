using Robustify.Native.Data.Images;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation.Suites;

/// <summary>Fresh models and pictures for whole benchmark runs.</summary>
internal static class SmallModels
{
    /// <summary>Pixels a side of the models' images.</summary>
    public const int Side = 16;

    /// <summary>Writes a fresh transformer of that many classes as a checkpoint and returns its path.</summary>
    public static string Write(TemporaryFolder folder, int classes, int side = Side)
    {
        string path = folder.PathOf($"model{classes}-{side}.safetensors");
        var model = new VisionTransformer(new VisionTransformerOptions
        {
            ImageSize = side, PatchSize = 8, Channels = 3, Width = 8, Depth = 1, Heads = 1, MlpWidth = 8, Classes = classes,
        });
        using var store = new ParameterStore(model.AllSpecs(), _ => false);
        store.Initialize(1);
        CheckpointWriter.Write(
            path, [.. store.All.Select(p => new CheckpointTensor(p.Spec.Name, p.Spec.Shape.ToArray(), p.Value.View.Span.ToArray()))],
            new Dictionary<string, string> { [CheckpointNames.HeadsKey] = "1" }, StoredDType.F32);
        return path;
    }

    /// <summary>Writes a picture that differs from number to number.</summary>
    public static void WritePicture(TemporaryFolder folder, string name, int number, int width = Side + 4, int height = Side + 6)
    {
        var image = new Image8(width, height, 3);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(i * (number + 3) % 251);
        folder.Write(name, ImageFile.Encode(image, name.EndsWith(".png", StringComparison.Ordinal) ? ImageEncoding.Png : ImageEncoding.Jpeg));
    }
}
