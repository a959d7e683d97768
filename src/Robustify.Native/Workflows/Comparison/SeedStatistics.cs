using System.Text.Json;
using System.Text.Json.Nodes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>Mean and deviation of documents of one layout, number by number.</summary>
internal static class SeedStatistics
{
    /// <summary>The same layout with the mean of every number; texts and lists of other lengths are the first document's.</summary>
    public static JsonNode? Mean(IReadOnlyList<JsonNode> documents)
    {
        switch (documents[0])
        {
            case JsonObject:
                var mean = new JsonObject();
                foreach (string name in Names(documents))
                    mean[name] = Mean(Of(documents, name));
                return mean;
            case JsonArray first when documents.All(d => d is JsonArray other && other.Count == first.Count):
                return new JsonArray([.. Enumerable.Range(0, first.Count).Select(i => first[i] is null ? null : Mean([.. documents.Select(d => d[i]!)]))]);
            case var _ when Numbers(documents) is { } numbers && numbers.Any(n => n != numbers[0]):
                return JsonValue.Create(numbers.Average());
            default:
                return documents[0].DeepClone();
        }
    }

    /// <summary>The sample standard deviation of every number in objects; null where there is none, as of one document.</summary>
    public static JsonNode? Deviation(IReadOnlyList<JsonNode> documents)
    {
        if (documents.Count < 2)
            return null;
        if (documents[0] is JsonObject)
        {
            var deviations = new JsonObject();
            foreach (string name in Names(documents))
            {
                if (Deviation(Of(documents, name)) is { } deviation)
                    deviations[name] = deviation;
            }

            return deviations.Count > 0 ? deviations : null;
        }

        if (Numbers(documents) is not { } numbers)
            return null;
        double mean = numbers.Average();
        return JsonValue.Create(Math.Sqrt(numbers.Sum(n => (n - mean) * (n - mean)) / (numbers.Length - 1)));
    }

    private static IEnumerable<string> Names(IReadOnlyList<JsonNode> documents) =>
        documents.OfType<JsonObject>().SelectMany(d => d.Select(p => p.Key)).Distinct(StringComparer.Ordinal);

    private static JsonNode[] Of(IReadOnlyList<JsonNode> documents, string name) => [.. documents.OfType<JsonObject>().Select(d => d[name]).OfType<JsonNode>()];

    private static double[]? Numbers(IReadOnlyList<JsonNode> documents) =>
        documents.All(d => d.GetValueKind() == JsonValueKind.Number) ? [.. documents.Select(d => d.GetValue<double>())] : null;
}
