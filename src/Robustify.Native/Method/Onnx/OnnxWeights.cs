using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Method.Onnx;

/// <summary>A model's tensors as ONNX constants in the layouts its operators take, each written once.</summary>
internal sealed class OnnxWeights(OnnxGraph graph, ParameterScope parameters, OnnxWeights? shared = null)
{
    // What a student's tuned and original parts have in common is written by whichever comes first.
    private readonly HashSet<string> written = shared?.written ?? new(StringComparer.Ordinal);

    /// <summary>As it is.</summary>
    public string Plain(string name) => Constant(name, Of(name).Spec.Shape.ToArray(), p => p.Value.View.Span.ToArray());

    /// <summary>A linear layer's [out, in] as [in, out], the right operand of MatMul.</summary>
    public string Transposed(string name)
    {
        var shape = Of(name).Spec.Shape;
        return Constant(name, [shape.Columns, shape.Rows], p => Transpose(p.Value.View.Span, shape.Rows, shape.Columns));
    }

    /// <summary>A convolution [O, K, K, I], or a patch embedding [O, K K I], as ONNX's [O, I, K, K].</summary>
    public string Convolution(string name, int kernel)
    {
        var shape = Of(name).Spec.Shape;
        int inputs = (int)(shape.Count / shape[0] / (kernel * kernel));
        int[] published = [shape[0], inputs, kernel, kernel];
        return Constant(name, published, p =>
        {
            var values = new float[p.Spec.Shape.Count];
            WeightLayout.ConvolutionToPublished(published, p.Value.View.Span, values);
            return values;
        });
    }

    /// <summary>A visual prompt [H, W C] as an image [1, C, H, W].</summary>
    public string Image(string name, int channels)
    {
        var shape = Of(name).Spec.Shape;
        return Constant(
            name, [1, channels, shape[0], shape[1] / channels], p => Transpose(p.Value.View.Span, (int)shape.Count / channels, channels));
    }

    /// <summary>x [..., in] through the linear layer at <paramref name="path"/>.</summary>
    public string Linear(string path, string x) => graph.Node("Add", [graph.Node("MatMul", [x, Transposed(path + ".weight")]), Plain(path + ".bias")]);

    /// <summary>Under another shape.</summary>
    public string Shaped(string name, params int[] shape) => Constant(name, shape, p => p.Value.View.Span.ToArray());

    private Parameter Of(string name) => parameters[name];

    private string Constant(string name, int[] shape, Func<Parameter, float[]> values)
    {
        var parameter = Of(name);
        string stored = parameter.Spec.Name; // With the original tail's prefix where there is one.
        if (written.Add(stored))
            graph.Constant(stored, Array.ConvertAll(shape, x => (long)x), values(parameter));
        return stored;
    }

    private static float[] Transpose(ReadOnlySpan<float> source, int rows, int columns)
    {
        var result = new float[source.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                result[column * rows + row] = source[row * columns + column];
        }

        return result;
    }
}
