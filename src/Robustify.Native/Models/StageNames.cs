using System.Globalization;

namespace Robustify.Native.Models;

/// <summary>Tensors of a residual network's stages: <c>layer2.0.conv3.weight</c> stands in the first block of the second stage.</summary>
internal static class StageNames
{
    private const string Prefix = "layer";

    /// <summary>The number of a tensor's block, counted through all stages; null where it stands outside them.</summary>
    /// <param name="parameterName">Its name.</param>
    /// <param name="layers">Blocks of each stage.</param>
    public static int? BlockOf(string parameterName, IReadOnlyList<int> layers)
    {
        if (!parameterName.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        string[] parts = parameterName.Split('.', 3);
        int stage = int.Parse(parts[0].AsSpan(Prefix.Length), CultureInfo.InvariantCulture) - 1;
        return layers.Take(stage).Sum() + int.Parse(parts[1], CultureInfo.InvariantCulture);
    }
}
