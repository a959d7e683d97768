namespace Robustify.Kernels.Parity;

/// <summary>The cases of every operation.</summary>
internal static class ParityCases
{
    /// <summary>All of them, operation by operation.</summary>
    public static IEnumerable<OperationCase> All() => PointwiseCaseList.All().Concat(StructuredCaseList.All()).Concat(DepthwiseCaseList.All());
}
