using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Method.Onnx;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Cli.Verbs;

/// <summary>Writes a checkpoint under other names, in another element type, or as ONNX.</summary>
internal static class ConvertVerb
{
    /// <summary>The element type written.</summary>
    internal enum ElementType
    {
        Keep,
        F32,
        F16,
        BF16,
    }

    public static Command Create(Invocation invocation)
    {
        var input = new Argument<string>("IN") { Description = "safetensors file or index, PyTorch state dict, or a folder that holds one" };
        var output = new Argument<string>("OUT") { Description = "the file to write: ONNX where it ends in .onnx, else safetensors" };
        var to = new ChoiceOption<CheckpointNaming>("--to", "whose tensor names", CheckpointNaming.Same);
        var from = new ChoiceOption<CheckpointFamily>("--from", "whose names IN bears, unknown to tell it from the names", CheckpointFamily.Unknown);
        var dtype = new ChoiceOption<ElementType>("--dtype", "element type of float tensors", ElementType.Keep);
        var activation = ActivationOption.Create();
        var mean = new TextOption("--mean", "A,B,C", "mean of each channel that OUT shall record", "that of IN", () => "");
        var std = new TextOption("--std", "A,B,C", "deviation of each channel that OUT shall record", "that of IN", () => "");
        var crop = new OptionalNumberOption<double>("--crop-ratio", "crop over shorter side that OUT shall record", new(0.05, 1), "that of IN");
        var filter = new TextOption("--interpolation", "NAME", "resampling filter that OUT shall record", "that of IN", () => "");
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("convert", "Write a checkpoint under the names of another library, in another element type, or as ONNX.")
        {
            input, output, to, from, dtype, activation, mean, std, crop, filter, json,
        };
        command.SetAction(parse =>
        {
            string source = parse.GetRequiredValue(input), target = parse.GetRequiredValue(output);
            CheckpointFamily? family = from.Of(parse) is CheckpointFamily.Unknown ? null : from.Of(parse);
            var overrides = new ModelOverrides { Family = family, Activation = ActivationOption.Of(activation, parse) };
            var model = ModelSource.Resolve(source, overrides);
            if (!model.IsPretrained)
                throw new RobustifyException($"convert: '{source}' is a preset without weights, a checkpoint expected");
            var preprocessing = model.Preprocessing with
            {
                Normalization = Statistics(mean.Of(parse), std.Of(parse)) ?? model.Normalization,
                CropRatio = crop.Of(parse) ?? model.Preprocessing.CropRatio,
                Interpolation = filter.Of(parse) is { Length: > 0 } name ? Filter(name) : model.Preprocessing.Interpolation,
            };
            bool isOnnx = target.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);
            if (isOnnx && (to.Of(parse) != CheckpointNaming.Same || dtype.Of(parse) != ElementType.Keep))
                throw new RobustifyException("convert: --to and --dtype are for safetensors, an .onnx file expected without them; leave them out");
            if (isOnnx)
                OnnxExport.Write(ModelSource.Resolve(source, overrides with { Preprocessing = preprocessing }), target);
            IReadOnlyList<string> left = isOnnx ? [] : model.Convert(target, to.Of(parse), Type(dtype.Of(parse)), preprocessing);
            if (json.Of(parse))
            {
                JsonOutput.Write(invocation.Out, writer =>
                {
                    writer.WriteString("input", source);
                    writer.WriteString("output", target);
                    writer.WriteStartArray("left_out");
                    foreach (string name in left)
                        writer.WriteStringValue(name);
                    writer.WriteEndArray();
                });
            }
            else
            {
                invocation.Out.WriteLine($"{target} written{(left.Count > 0 ? $", without {string.Join(", ", left)}" : "")}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static StoredDType? Type(ElementType type) => type switch
    {
        ElementType.F32 => StoredDType.F32,
        ElementType.F16 => StoredDType.F16,
        ElementType.BF16 => StoredDType.BF16,
        _ => null,
    };

    private static Normalization? Statistics(string mean, string std)
    {
        if (mean.Length == 0 && std.Length == 0)
            return null;
        return mean.Length > 0 && std.Length > 0
            ? new Normalization(Numbers("--mean", mean), Numbers("--std", std))
            : throw new RobustifyException("convert: one of --mean and --std found, both expected");
    }

    private static double[] Numbers(string option, string text) => [.. text.Split(',').Select(part =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new RobustifyException($"{option}: '{text}' found, numbers with commas between expected"))];

    private static ResampleFilter Filter(string name) => Enum.TryParse(name, ignoreCase: true, out ResampleFilter filter) && !char.IsAsciiDigit(name[0])
        ? filter
        : throw new RobustifyException($"--interpolation: '{name}' found, one of {string.Join(", ", Enum.GetNames<ResampleFilter>()).ToLowerInvariant()} expected");
}
