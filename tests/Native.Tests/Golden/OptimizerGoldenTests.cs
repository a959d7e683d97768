using Robustify.Kernels.Cpu;
using System.Text.Json;
using System.Text.RegularExpressions;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Tests.Training;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// Ten steps of PyTorch's optimisers in double precision on a quadratic (numeric/optimizers.json). Our own gradients are taken at our own
/// parameters, so errors would add up as in a training. Adam with L2 is not offered and left out.
/// </summary>
[Trait("Category", "Golden")]
public sealed partial class OptimizerGoldenTests
{
    // What the reference's README allows after ten steps in float32.
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Cases
    {
        get
        {
            var data = new TheoryData<string>();
            if (!File.Exists(GoldenData.PathOf("numeric", "optimizers.json")))
                return data;
            foreach (var c in GoldenData.Json("numeric", "optimizers.json").GetProperty("cases").EnumerateArray())
            {
                if (c.GetProperty("optimizer").GetString() is "SGD" or "AdamW")
                    data.Add(c.GetProperty("name").GetString()!);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TenStepsArePyTorchs(string name)
    {
        var file = GoldenData.Json("numeric", "optimizers.json");
        var c = file.GetProperty("cases").EnumerateArray().Single(x => x.GetProperty("name").GetString() == name);
        var problem = file.GetProperty("problem");
        double[][] a = problem.GetProperty("A").EnumerateArray().Select(GoldenData.Doubles).ToArray();
        double[] b = GoldenData.Doubles(problem.GetProperty("b")), x0 = GoldenData.Doubles(problem.GetProperty("x0"));
        int count = x0.Length;

        var options = Options(c);
        using var backend = new CpuBackend(1);
        using var memory = new NativeBuffer(4L * count * sizeof(float), "optimizer test");
        TensorView parameters = memory.View(0, new Shape(count)), gradients = memory.View(count * sizeof(float), new Shape(count));
        int stateLength = (int)Optimizer.StateLength(options, count);
        var state = stateLength == 0 ? default : memory.View(2L * count * sizeof(float), new Shape(stateLength));
        var optimizer = Optimizer.Create(options, backend, parameters, gradients, state, Segments(c, count, options));
        for (int i = 0; i < count; i++)
            parameters.Span[i] = (float)x0[i];

        foreach (var step in c.GetProperty("steps").EnumerateArray())
        {
            for (int i = 0; i < count; i++)
            {
                gradients.Span[i] = 0;
                for (int j = 0; j < count; j++)
                    gradients.Span[i] += (float)(a[i][j] * (parameters.Span[j] - b[j]));
            }

            double norm = optimizer.ClipGradients();
            if (step.TryGetProperty("grad_norm_before_clip", out var expectedNorm))
                Assert.Equal(expectedNorm.GetDouble(), norm, Tolerance * expectedNorm.GetDouble());
            double rate = step.GetProperty("lr")[0].GetDouble();
            if (name.EndsWith("warmup_cosine", StringComparison.Ordinal))
                Assert.Equal(rate, Schedule(file).RateAt(optimizer.CompletedSteps), 1e-10); // both in double
            optimizer.Step(rate);
            Close(GoldenData.Doubles(step.GetProperty("params_after")), parameters.Span);
        }

        var final = c.GetProperty("final_state").EnumerateObject().ToArray();
        Assert.Equal(final.Length, optimizer.State.Count);
        foreach (var buffer in final)
        {
            string ours = buffer.Name switch { "momentum_buffer" => "momentum", "exp_avg" => "first_moment", _ => "second_moment" };
            Close(GoldenData.Doubles(buffer.Value), optimizer.State.Single(s => s.Name == ours).Values.Span);
        }
    }

    private static void Close(double[] expected, ReadOnlySpan<float> actual)
    {
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Tolerance * largest);
    }

    private static OptimizerOptions Options(JsonElement c)
    {
        var hyper = c.GetProperty("hyper");
        var common = new OptimizerOptions
        {
            WeightDecay = hyper.GetProperty("weight_decay").GetDouble(),
            MaximumGradientNorm = c.TryGetProperty("clip_global_norm", out var norm) ? norm.GetDouble() : 0,
        };
        if (c.GetProperty("optimizer").GetString() == "SGD")
            return common with
            {
                Kind = OptimizerKind.Sgd,
                Momentum = hyper.GetProperty("momentum").GetDouble(),
                Dampening = hyper.GetProperty("dampening").GetDouble(),
                Nesterov = hyper.GetProperty("nesterov").GetBoolean(),
            };
        return common with
        {
            Kind = OptimizerKind.AdamW,
            Beta1 = hyper.GetProperty("betas")[0].GetDouble(),
            Beta2 = hyper.GetProperty("betas")[1].GetDouble(),
            Epsilon = hyper.GetProperty("eps").GetDouble(),
        };
    }

    private static ParameterSegment[] Segments(JsonElement c, int count, OptimizerOptions options) =>
        c.TryGetProperty("groups", out var groups)
            ? [.. groups.EnumerateArray().Select(g => new ParameterSegment(
                g.GetProperty("first").GetInt32(), g.GetProperty("count").GetInt32(),
                (float)(g.GetProperty("weight_decay").GetDouble() / options.WeightDecay)))]
            : [new ParameterSegment(0, 2, 1), new ParameterSegment(2, count - 2, 1)];

    private static LearningRateSchedule Schedule(JsonElement file)
    {
        var words = ScheduleNumbers().Match(file.GetProperty("updates").GetProperty("warmup_cosine").GetString()!);
        double Number(string name) => double.Parse(words.Groups[name].ValueSpan);
        return LearningRateSchedule.WarmupCosine(Number("base"), Number("min"), (long)Number("warmup"), (long)Number("total"));
    }

    [GeneratedRegex(@"base (?<base>[\d.e-]+), min (?<min>[\d.e-]+), warmup (?<warmup>\d+), total (?<total>\d+)")]
    private static partial Regex ScheduleNumbers();
}
