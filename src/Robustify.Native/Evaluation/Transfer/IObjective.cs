namespace Robustify.Native.Evaluation.Transfer;

/// <summary>A smooth function to be minimised.</summary>
internal interface IObjective
{
    /// <summary>Its value at a point, and its gradient there.</summary>
    double Evaluate(ReadOnlySpan<double> point, Span<double> gradient);
}
