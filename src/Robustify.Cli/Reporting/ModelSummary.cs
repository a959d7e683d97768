using System.Globalization;
using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Training;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Reporting;

/// <summary>What <c>inspect</c> tells of a model, in words and as JSON.</summary>
internal sealed class ModelSummary
{
    private const double Mebibyte = 1048576;
    private readonly ModelSource source;
    private readonly IReadOnlyList<ParameterSpec> specs;
    private readonly ThreeHeadedStudent? student;
    private readonly bool listTensors;
    private readonly int batchSize;

    private readonly bool showsPlan;

    private readonly IReadOnlyList<string> misfits;

    private ModelSummary(ModelSource source, bool listTensors, int batchSize, bool showsPlan)
    {
        (this.source, this.listTensors, this.batchSize, this.showsPlan) = (source, listTensors, batchSize, showsPlan);
        student = ThreeHeadedStudent.Of(source);
        specs = student?.SavedSpecs ?? source.Model.AllSpecs();
        misfits = source.Misfits(specs);
    }

    private long Parameters => specs.Where(s => !s.IsStatistic).Sum(s => s.Shape.Count);

    // Of a plain model: what distill would tune of it by default.
    private long TunedParameters
    {
        get
        {
            var standard = new DistillationOptions { BatchSize = 1 };
            var shape = student ?? new ThreeHeadedStudent(source.Model, source.Model.DefaultTailBlocks, standard.Tail, standard.Tuned);
            return shape.TrainingSpecs.Where(s => !s.IsStatistic && shape.IsTrained(s)).Sum(s => s.Shape.Count);
        }
    }

    private int TailBlocks => student?.TailBlocks ?? source.Model.DefaultTailBlocks;

    public static ModelSummary Of(ModelSource source, bool listTensors, int batchSize, bool showsPlan) => new(source, listTensors, batchSize, showsPlan);

    /// <summary>The memory to answer, and of a plain model that of training all of it with AdamW.</summary>
    private IEnumerable<(string Name, MemoryPlan Plan)> Plans()
    {
        yield return ("to_answer", BenchmarkWorkflow.Plan(source, batchSize, Precision.Fp32));
        if (student is null && source.Model.Classes > 0)
            yield return ("to_train", ClassifierTraining.Plan(source, ClassifierTrainingOptions.Pretrain(source.Name, "") with { Batch = batchSize }, Precision.Fp32, isCuda: false));
    }

    /// <summary>As lines for people.</summary>
    public void Write(TextWriter output)
    {
        var model = source.Model;
        Line(output, "model", source.Name + (source.IsPretrained ? "" : " (a preset: no weights)"));
        if (source.IsPretrained)
            Line(output, "names", $"{source.Family} ({source.Format})");
        Line(output, "architecture", model.Description);
        Line(output, "input", $"{model.ImageSize}x{model.ImageSize}, {(model.Channels == 1 ? "grey" : "RGB")}");
        if (source.InterpolatedFrom is { } side)
            Line(output, "positions", $"learned on {side}x{side} pixels, interpolated to {model.ImageSize}x{model.ImageSize}");
        Line(output, "preprocessing", $"{source.Preprocessing.Describe(model.ImageSize)} (from {source.Preprocessing.Source})");
        if (source.Text is { } text)
            Line(output, "text tower", Invariant($"{text.Description}; {text.Specs.Sum(s => s.Shape.Count):N0} parameters"));
        Line(output, "classes", model.Classes == 0 ? source.Text is null ? "none: no classifier" : "none: no classifier, which zeroshot makes" : Invariant($"{model.Classes}"));
        Line(output, "parameters", Invariant($"{Parameters:N0}"));
        Line(output, "multiply-adds", Invariant($"{ModelCost.MultiplyAdds(model):N0} an image forward ({ModelCost.MultiplyAdds(model) * 2e-9:F2} GFLOP); {Backward(ModelCost.Training(model, _ => true)):N0} backward to train all"));
        Line(output, "planned memory", Invariant(
            $"batch {batchSize}: {ModelCost.InferenceBytes(model, batchSize) / Mebibyte:F1} MiB to answer, {ModelCost.TrainingBytes(model, batchSize) / Mebibyte:F1} MiB to train all, beside {Parameters * sizeof(float) / Mebibyte:F1} MiB of parameters"));
        Line(output, "heads", student is null ? model.Classes == 0 ? "none" : model.HeadName : string.Join(", ", student.HeadNames));
        Line(output, "tail", Invariant(
            $"{TailBlocks} of {model.BlockCount} blocks; with the heads {TunedParameters:N0} parameters tuned by distill"));
        foreach (string misfit in misfits)
            Line(output, "does not fit", misfit);
        foreach (var (key, value) in source.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
            Line(output, "metadata", $"{key} = {value.ReplaceLineEndings(" ")}");
        foreach (var (name, plan) in showsPlan ? Plans() : [])
        {
            output.WriteLine();
            output.WriteLine($"{name.Replace('_', ' ')}, batch {batchSize}:");
            MemoryReport.Write(output, plan);
        }

        if (listTensors)
            TextTable.Write(output, ["tensor", "shape"], specs.Select(s => new[] { s.Name, string.Join(" x ", s.Shape.ToArray()) }));
    }

    /// <summary>As properties of an object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        var model = source.Model;
        json.WriteString("model", source.Name);
        json.WriteBoolean("pretrained", source.IsPretrained);
        json.WriteString("family", source.Family.ToString());
        json.WriteString("format", source.Format);
        json.WriteString("architecture", model.Description);
        json.WriteNumber("image_size", model.ImageSize);
        if (source.InterpolatedFrom is { } side)
            json.WriteNumber("positions_from_image_size", side);
        json.WriteNumber("channels", model.Channels);
        Numbers(json, "mean", source.Normalization.Mean);
        Numbers(json, "std", source.Normalization.Std);
        json.WriteNumber("crop_ratio", source.Preprocessing.CropRatio);
        json.WriteString("interpolation", source.Preprocessing.Interpolation.ToString().ToLowerInvariant());
        json.WriteString("preprocessing_from", source.Preprocessing.Source);
        json.WriteNumber("multiply_adds", ModelCost.MultiplyAdds(model));
        json.WriteNumber("backward_multiply_adds", Backward(ModelCost.Training(model, _ => true)));
        json.WriteNumber("batch", batchSize);
        json.WriteNumber("inference_bytes", ModelCost.InferenceBytes(model, batchSize));
        json.WriteNumber("training_bytes", ModelCost.TrainingBytes(model, batchSize));
        json.WriteNumber("classes", model.Classes);
        if (source.Text is { } text)
        {
            json.WriteStartObject("text");
            json.WriteNumber("vocabulary", text.Options.VocabularySize);
            json.WriteNumber("context", text.Options.ContextLength);
            json.WriteNumber("parameters", text.Specs.Sum(s => s.Shape.Count));
            json.WriteEndObject();
        }

        json.WriteNumber("blocks", model.BlockCount);
        json.WriteNumber("heads", student?.HeadNames.Count ?? Math.Min(1, model.Classes));
        json.WriteNumber("tail_blocks", TailBlocks);
        json.WriteNumber("parameters", Parameters);
        json.WriteNumber("tuned_parameters", TunedParameters);
        json.WriteStartArray("misfits");
        foreach (string misfit in misfits)
            json.WriteStringValue(misfit);
        json.WriteEndArray();
        json.WriteStartObject("metadata");
        foreach (var (key, value) in source.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
        foreach (var (name, plan) in showsPlan ? Plans() : [])
        {
            json.WriteStartObject(name);
            MemoryReport.Write(json, plan);
            json.WriteEndObject();
        }

        if (!listTensors)
            return;
        json.WriteStartObject("tensors");
        foreach (var spec in specs)
            Numbers(json, spec.Name, spec.Shape.ToArray().Select(x => (double)x));
        json.WriteEndObject();
    }

    private static long Backward(MultiplyAdds cost) => cost.DataGradient + cost.WeightGradient;

    private static void Numbers(Utf8JsonWriter json, string name, IEnumerable<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void Line(TextWriter output, string name, string value) => output.WriteLine($"{name,-16} {value}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
