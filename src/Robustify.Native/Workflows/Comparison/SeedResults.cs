using System.Text.Json.Nodes;
using Robustify.Native.Evaluation;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>What one seed gave.</summary>
/// <param name="Seed">Key of its trainings.</param>
/// <param name="Run">The models with a row of their own, in the recipe's order, and how they were measured.</param>
/// <param name="Root">Its results.json.</param>
internal sealed record SeedResults(ulong Seed, RunResults Run, JsonObject Root);
