namespace Robustify.Native.Graph.Ops;

/// <summary>
/// The residual stream of a pre-norm transformer. A branch is added where the sum is first needed: in one pass with the norm that reads it,
/// or alone where the stream is cut or its end is read. A branch that is scaled, or that stochastic depth may leave out, is added at once.
/// </summary>
/// <param name="graph">Where to.</param>
/// <param name="start">What flows in.</param>
internal sealed class ResidualStream(GraphBuilder graph, Value start)
{
    private Value sum = start;
    private (string Name, Value Branch)? pending;

    /// <summary>Adds a branch.</summary>
    /// <param name="name">Name of the sum.</param>
    /// <param name="branch">Of the stream's shape.</param>
    /// <param name="leftOut">Probability that training leaves it out for a sample.</param>
    /// <param name="scale">A factor a channel for the branch; null for none.</param>
    public void Add(string name, Value branch, float leftOut, Parameter? scale = null)
    {
        var before = Value();
        if (scale is not null)
            sum = graph.ScaledResidual(name, before, branch, scale, leftOut);
        else if (graph.Training && leftOut != 0)
            sum = graph.StochasticDepth(name, before, branch, leftOut);
        else
            pending = (name, branch);
    }

    /// <summary>Layer normalisation of the stream as it is now.</summary>
    public Value Norm(string name, Parameter gamma, Parameter beta, float epsilon)
    {
        if (pending is not { } last)
            return graph.LayerNorm(name, sum, gamma, beta, epsilon);
        pending = null;
        (sum, var normalized) = graph.ResidualLayerNorm(last.Name, name, sum, last.Branch, gamma, beta, epsilon);
        return normalized;
    }

    /// <summary>The stream as it is now.</summary>
    public Value Value()
    {
        if (pending is { } last)
            sum = graph.Add(last.Name, sum, last.Branch);
        pending = null;
        return sum;
    }
}
