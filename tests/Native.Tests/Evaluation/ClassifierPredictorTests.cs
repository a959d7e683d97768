using Robustify.Kernels.Cpu;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Tests.Models;

namespace Robustify.Native.Tests.Evaluation;

public sealed class ClassifierPredictorTests
{
    // exp(89) is beyond float: a softmax that does not take the largest logit off first gives NaN here.
    [Fact]
    public void HugeLogitsGiveADistributionAllTheSame()
    {
        var model = SmallModels.Create("vit");
        using var parameters = new ParameterStore(model.AllSpecs(), _ => false);
        parameters.Initialize(1);
        var bias = parameters["head.bias"].Value.View.Span;
        (bias[2], bias[4], bias[5]) = (1000, 1000, -1e6f);
        using var predictor = new ClassifierPredictor("huge", model, parameters, Normalization.Half(1), batchSize: 2);
        using var backend = new CpuBackend(1);
        predictor.Images.Fill(0.5f);
        predictor.Predict(backend, [0, 1]);
        for (int row = 0; row < 2; row++)
        {
            float[] p = predictor.Probabilities.Slice(row * model.Classes, model.Classes).ToArray();
            Assert.All(p, x => Assert.InRange(x, 0, 1));
            Assert.Equal(1, p.Sum(), 1e-5);

            // Two equal giants share it, but for what the fresh head adds to either, some hundredths.
            Assert.InRange(p[2], 0.4f, 0.6f);
            Assert.Equal(0, p[5]);
        }
    }
}
