using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Robustify.Kernels.Backends;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>
/// The models of a seed, each file loaded once, and their answers. Answers lie in the folder <c>answers</c> of the comparison under the
/// digests of model and question, so a model that did not change is not measured again, whatever else the recipe gains or loses.
/// </summary>
internal sealed class ComparedModels : IDisposable
{
    private readonly List<LoadedModel> loaded = [];
    private readonly List<string> digests = [];
    private readonly int[] places;
    private readonly List<MeasuredPass> passes = [];

    private ComparedModels(IReadOnlyList<MeasuredModel> models) => (Models, places) = (models, new int[models.Count]);

    /// <summary>All of them, those with a row of their own first.</summary>
    public IReadOnlyList<MeasuredModel> Models { get; }

    /// <summary>The files, one model each.</summary>
    public IReadOnlyList<LoadedModel> Loaded => loaded;

    /// <summary>In the order of <see cref="Models"/>.</summary>
    public IReadOnlyList<IPredictor> Predictors => [.. places.Select(p => loaded[p].Predictor)];

    /// <summary>The answers, tables in the order of <see cref="Models"/>.</summary>
    public IReadOnlyList<MeasuredPass> Passes => [.. passes.Select(p => new MeasuredPass(p.Pass, [.. places.Select(i => p.Tables[i])]))];

    /// <summary>Loads every file.</summary>
    public static ComparedModels Open(IEnumerable<MeasuredModel> models, ComputeTarget target)
    {
        var compared = new ComparedModels([.. models.OrderBy(m => m.Sweep is null ? 0 : 1)]);
        try
        {
            var known = new Dictionary<string, int>(StringComparer.Ordinal);
            for (int i = 0; i < compared.Models.Count; i++)
            {
                var (name, path, _, _) = compared.Models[i];
                string digest = AnswerFiles.DigestOfModel(path);
                if (!known.TryGetValue(digest, out compared.places[i]))
                {
                    known.Add(digest, compared.places[i] = compared.loaded.Count);
                    compared.loaded.Add(LoadedModel.Open(name, path, target));
                    compared.digests.Add(digest);
                }
            }

            return compared;
        }
        catch
        {
            compared.Dispose();
            throw;
        }
    }

    /// <summary>Measures what no answer is there for, all such models on the same pixels.</summary>
    public void Measure(string folder, IReadOnlyList<BenchmarkPass> planned, RunContext context)
    {
        Directory.CreateDirectory(folder);
        foreach (var pass in planned)
        {
            string question = string.Join('\n', AnswerFiles.Describe(pass));
            var tables = new List<AnswerTable>();
            passes.Add(new(pass, tables));
            foreach (string digest in digests)
                tables.Add(FileAnswerTable.Open(Path.Combine(folder, FileOf(pass, question, digest, context.Precision)), pass.Rows.Count, pass.Indices.Length));
        }

        int[] missing = [.. Enumerable.Range(0, loaded.Count).Where(m => !passes.TrueForAll(p => IsComplete(p, m)))];
        if (missing.Length > 0)
        {
            Benchmark.Measure(
                [.. missing.Select(m => loaded[m].Predictor)], passes.ConvertAll(p => new MeasuredPass(p.Pass, [.. missing.Select(m => p.Tables[m])])), context);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        passes.ForEach(p => p.Dispose());
        loaded.ForEach(m => m.Dispose());
    }

    private static bool IsComplete(MeasuredPass pass, int model)
    {
        for (int row = 0; row < pass.Pass.Rows.Count; row++)
        {
            if (!pass.Tables[model].IsComplete(row, 0, pass.Pass.Rows[row].Images))
                return false;
        }

        return true;
    }

    // Bf16 gives other answers than fp32, so the precision is part of the question.
    private static string FileOf(BenchmarkPass pass, string question, string digest, Precision precision)
    {
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"1\n{question}\n{digest}\n{precision}"));
        return string.Create(CultureInfo.InvariantCulture, $"{pass.Name}.{Convert.ToHexStringLower(key)[..32]}.bin");
    }
}
