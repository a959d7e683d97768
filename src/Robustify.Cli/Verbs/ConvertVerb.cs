using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
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
        var input = new Argument<string>("IN") { Description = "safetensors file or index, PyTorch state dict or TorchScript archive, or a folder that holds one" };
        var output = new Argument<string>("OUT") { Description = "the file to write: ONNX where it ends in .onnx, else safetensors" };
        var to = new ChoiceOption<CheckpointNaming>("--to", "whose tensor names", CheckpointNaming.Same);
        var from = new ChoiceOption<CheckpointFamily>("--from", "whose names IN bears, unknown to tell it from the names", CheckpointFamily.Unknown);
        var dtype = new ChoiceOption<ElementType>("--dtype", "element type of float tensors", ElementType.Keep);
        var activation = ActivationOption.Create();
        var preprocessing = new PreprocessingSettings();
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("convert", "Write a checkpoint under the names of another library, in another element type, or as ONNX.")
        {
            input, output, to, from, dtype, activation, json,
        };
        preprocessing.AddTo(command, withSize: false);
        command.SetAction(parse =>
        {
            string source = parse.GetRequiredValue(input), target = parse.GetRequiredValue(output);
            CheckpointFamily? family = from.Of(parse) is CheckpointFamily.Unknown ? null : from.Of(parse);
            var model = ModelSource.Resolve(
                source, preprocessing.Bind(parse) with { Family = family, Activation = ActivationOption.Of(activation, parse) });
            if (!model.IsPretrained)
                throw new RobustifyException($"convert: '{source}' is a preset without weights, a checkpoint expected");
            bool isOnnx = target.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);
            if (isOnnx && (to.Of(parse) != CheckpointNaming.Same || dtype.Of(parse) != ElementType.Keep))
                throw new RobustifyException("convert: --to and --dtype are for safetensors, an .onnx file expected without them; leave them out");
            if (isOnnx)
                OnnxExport.Write(model, target);
            IReadOnlyList<string> left = isOnnx ? [] : model.Convert(target, to.Of(parse), Type(dtype.Of(parse)), model.Preprocessing);
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
}
