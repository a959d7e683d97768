using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Robustify.Native.Tests.Method.Onnx;

/// <summary>One call of ONNX Runtime on a model with the input <c>images</c>.</summary>
internal sealed class OnnxRun : IDisposable
{
    private readonly InferenceSession session;
    private readonly IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results;

    public OnnxRun(string path, float[] images, int[] shape)
    {
        session = new InferenceSession(path);
        results = session.Run([NamedOnnxValue.CreateFromTensor("images", new DenseTensor<float>(images, shape))]);
    }

    public IEnumerable<string> Outputs => results.Select(r => r.Name);

    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    public float[] Floats(string output) => [.. results.Single(r => r.Name == output).AsEnumerable<float>()];

    public long[] Integers(string output) => [.. results.Single(r => r.Name == output).AsEnumerable<long>()];

    public void Dispose()
    {
        results.Dispose();
        session.Dispose();
    }

    /// <summary>Within a part of the largest value.</summary>
    public static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = tolerance * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(Math.Abs(expected[i] - actual[i]), 0, bound);
    }
}
