using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Evaluation;

/// <summary>Computes every figure from the answer tables.</summary>
internal static class ResultReader
{
    /// <summary>The models' results, in their order.</summary>
    /// <param name="names">Of the models.</param>
    /// <param name="predictors">Of the models: they know the names of heads and selectors.</param>
    /// <param name="passes">Complete answers.</param>
    /// <param name="isImageNet">Whether labels are ImageNet's 1000 classes.</param>
    public static ModelResult[] Read(
        IReadOnlyList<string> names, IReadOnlyList<IPredictor> predictors, IReadOnlyList<MeasuredPass> passes, bool isImageNet = false)
    {
        var reader = new ConditionReader();
        var results = new ModelResult[names.Count];
        for (int m = 0; m < results.Length; m++)
        {
            var result = results[m] = new ModelResult(names[m]);
            ReadConditions(reader, result, m, predictors[m] as IHeadedPredictor, passes);
            result.Corruption = CorruptionSummary.Of(
                result.Metrics, Interval(passes, m, _ => true), Interval(passes, m, PublishedGroups.IsMain), isImageNet);
            ReadShifts(reader, result, m, passes);
        }

        return results;
    }

    /// <summary>The rows of one suite for one model; with <paramref name="images"/> the images that they have in common, 0 where they have none.</summary>
    public static List<(AnswerTable Table, int Row)> Rows(
        IReadOnlyList<MeasuredPass> passes, int model, string suite, out int images, Func<string, bool>? isWanted = null)
    {
        var rows = new List<(AnswerTable, int)>();
        var lengths = new HashSet<(int, bool)>();
        images = 0;
        foreach (var (pass, tables) in passes)
        {
            for (int row = 0; row < pass.Rows.Count; row++)
            {
                if (pass.Rows[row].Suite != suite || (isWanted is not null && !isWanted(pass.Rows[row].Condition.Corruption ?? "")))
                    continue;
                rows.Add((tables[model], row));
                images = pass.Rows[row].Images;
                lengths.Add((images, pass.IsPaired));
            }
        }

        // Rows of several passes show the same images only where their lists are known to be the same.
        if (lengths.Count != 1 || (rows.Count > 1 && !lengths.Single().Item2))
            images = 0;
        return rows;
    }

    private static void ReadConditions(
        ConditionReader reader, ModelResult result, int model, IHeadedPredictor? headed, IReadOnlyList<MeasuredPass> passes)
    {
        var clean = Rows(passes, model, SuiteNames.Clean, out int cleanImages);
        foreach (var (pass, tables) in passes)
        {
            for (int row = 0; row < pass.Rows.Count; row++)
            {
                var (suite, condition, _, images) = pass.Rows[row];
                if (suite is not (SuiteNames.Clean or SuiteNames.Corruption))
                    continue;
                bool hasPair = suite == SuiteNames.Corruption && clean.Count == 1 && images <= cleanImages && pass.IsPaired;
                var metrics = reader.Read(tables[model], row, images, hasPair ? clean[0] : null);
                result.Metrics.Add(condition, metrics);
                result.Scores.Add(condition, new Score(metrics.Correct, metrics.Images));
                if (headed is null)
                    continue;
                result.HeadCounts.Add(condition, metrics.Heads[..headed.Heads.Count]);
                for (int s = 0; s < headed.Selectors.Count; s++)
                {
                    if (!result.Selectors.TryGetValue(headed.Selectors[s], out var scores))
                        result.Selectors.Add(headed.Selectors[s], scores = []);
                    scores.Add(condition, new Score(metrics.Selectors[s], metrics.Images));
                }
            }
        }
    }

    private static void ReadShifts(ConditionReader reader, ModelResult result, int model, IReadOnlyList<MeasuredPass> passes)
    {
        foreach (var (pass, tables) in passes)
        {
            for (int row = 0; row < pass.Rows.Count; row++)
            {
                var (suite, _, space, images) = pass.Rows[row];
                if (suite is SuiteNames.Clean or SuiteNames.Corruption || SuiteNames.IsCleanOn(suite))
                    continue;
                var metrics = reader.Read(tables[model], row, images, null);
                var clean = CleanOn(reader, model, passes, suite) ?? (space.IsMasked ? null : result.Metrics.GetValueOrDefault(Condition.Clean));
                double effective = clean is null || EffectiveRobustness.OfSuite(suite) is not { } line ? double.NaN : line.Of(clean.Top1, metrics.Top1);
                result.Shifts.Add(new(suite, space.Description, metrics, clean, effective));
            }
        }
    }

    private static ConditionMetrics? CleanOn(ConditionReader reader, int model, IReadOnlyList<MeasuredPass> passes, string suite)
    {
        string name = SuiteNames.CleanOn(suite);
        foreach (var (pass, tables) in passes)
        {
            for (int row = 0; row < pass.Rows.Count; row++)
            {
                if (pass.Rows[row].Suite == name)
                    return reader.Read(tables[model], row, pass.Rows[row].Images, null);
            }
        }

        return null;
    }

    private static MeanInterval? Interval(IReadOnlyList<MeasuredPass> passes, int model, Func<string, bool> isWanted)
    {
        var rows = Rows(passes, model, SuiteNames.Corruption, out int images, isWanted);
        return images == 0 ? null : MeanInterval.Of(ImageScores.Of(rows, images));
    }
}
