using System.Text.Json;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>
/// A few images as the models saw them, with each model's answer: <c>samples/</c> and <c>samples.json</c> of a run. They are made again
/// after the measurement, which is a function of the seed, so a resumed run has the same.
/// </summary>
internal sealed class BenchmarkSamples
{
    private const int Count = 3;

    private readonly RunDirectory directory;
    private readonly RunContext context;
    private readonly IReadOnlyList<IPredictor> predictors;
    private readonly IReadOnlyList<string> modelNames;
    private readonly List<Sample> samples = [];

    private BenchmarkSamples(RunDirectory directory, RunContext context, IReadOnlyList<IPredictor> predictors, IReadOnlyList<string> modelNames) =>
        (this.directory, this.context, this.predictors, this.modelNames) = (directory, context, predictors, modelNames);

    /// <summary>Writes samples of the clean images and of every corruption at its middle measured severity.</summary>
    /// <param name="directory">Where they go.</param>
    /// <param name="context">Device and crew.</param>
    /// <param name="predictors">The models; of each pass the first tables are theirs.</param>
    /// <param name="passes">Complete answers.</param>
    /// <param name="names">The models in results; null for the predictors' own names.</param>
    public static void Write(
        RunDirectory directory, RunContext context, IReadOnlyList<IPredictor> predictors, IReadOnlyList<MeasuredPass> passes,
        IReadOnlyList<string>? names = null)
    {
        var writer = new BenchmarkSamples(directory, context, predictors, names ?? [.. predictors.Select(p => p.Name)]);
        Directory.CreateDirectory(directory.PathOf("samples"));
        foreach (var pass in passes)
            writer.Collect(pass);
        directory.WriteJson("samples.json", writer.WriteJson);
    }

    private void Collect(MeasuredPass measured)
    {
        var pass = measured.Pass;
        using var batch = new ImageBatch(predictors[0].Model, Count, context, pass.Geometry);
        foreach (var (row, index) in Shown(pass))
        {
            // Spread over the images, which stand in order of their classes in most sets; the same under every condition.
            int images = pass.Rows.Min(r => r.Images);
            int[] columns = [.. Enumerable.Range(0, Count).Select(k => (int)((2 * k + 1L) * images / (2 * Count))).Distinct()];
            if (images == 0)
                continue;
            batch.Read(pass.Source, Array.ConvertAll(columns, c => pass.Indices[c]), tolerant: true);
            batch.Corrupt(pass.CorruptionOf(row), row.Condition.Severity, pass.Seed);
            for (int k = 0; k < columns.Length; k++)
            {
                if (!batch.IsUnreadable(k))
                    samples.Add(Store(measured, row, index, columns[k], k, batch.Shown(k)));
            }
        }
    }

    // Severities in the middle differ most from model to model.
    private static IEnumerable<(PassRow Row, int Index)> Shown(BenchmarkPass pass)
    {
        var rows = pass.Rows.Select((row, index) => (Row: row, Index: index)).ToArray();
        foreach (var corruption in rows.Where(r => !SuiteNames.IsCleanOn(r.Row.Suite)).GroupBy(r => (r.Row.Suite, r.Row.Condition.Corruption)))
        {
            var ordered = corruption.OrderBy(r => r.Row.Condition.Severity).ToArray();
            if (!pass.IsStored || ordered[0].Row.Condition.Severity is 0 or (Corruption.MaxSeverity + 1) / 2)
                yield return ordered[ordered.Length / 2];
        }
    }

    private Sample Store(MeasuredPass measured, PassRow row, int rowIndex, int column, int number, Image8 image)
    {
        string name = $"samples/{row.Suite}-{row.Condition.Corruption ?? "clean"}-{row.Condition.Severity}-{number}";
        var encoding = image.Width <= 64 ? ImageEncoding.Png : ImageEncoding.Jpeg;
        name += encoding == ImageEncoding.Png ? ".png" : ".jpg";
        ImageFile.Write(directory.PathOf(name), image, encoding);
        var answers = new Answer[predictors.Count];
        for (int m = 0; m < answers.Length; m++)
            measured.Tables[m].Read(rowIndex, column, answers.AsSpan(m, 1));
        int label = row.Space.Label(measured.Pass.Source.Label(measured.Pass.Indices[column]));
        return new(name, row, label, measured.Pass.Source.ClassNames, answers);
    }

    private void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var (file, row, label, names, answers) in samples)
        {
            json.WriteStartObject();
            json.WriteString("file", file);
            json.WriteString("suite", row.Suite);
            json.WriteString("corruption", row.Condition.Corruption ?? "");
            json.WriteNumber("severity", row.Condition.Severity);
            json.WriteString("label", row.Space.Name(label, names));
            json.WriteStartObject("answers");
            for (int m = 0; m < answers.Length; m++)
            {
                if (answers[m].State != AnswerState.Answered)
                    continue;
                json.WriteStartObject(modelNames[m]);
                json.WriteString("class", row.Space.Name(answers[m].Predicted, names));
                json.WriteNumber("confidence", Math.Round(answers[m].Confidence, 4));
                json.WriteBoolean("correct", answers[m].IsCorrect);
                if (predictors[m] is IHeadedPredictor headed && answers[m].Head < headed.Heads.Count)
                    json.WriteString("head", headed.Heads[answers[m].Head]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private sealed record Sample(string File, PassRow Row, int Label, IReadOnlyList<string> Names, Answer[] Answers);
}
