using System.Text.Json;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Tests.Golden;

/// <summary>Losses and input gradients of PyTorch in double precision (numeric/losses.json).</summary>
[Trait("Category", "Golden")]
public sealed unsafe class LossGoldenTests : IDisposable
{
    // Float32 against float64: 1e-5 of the largest element, as the reference's README allows.
    private const double Tolerance = 1e-5;

    private readonly CpuBackend backend = new(1);
    private readonly List<NativeBuffer> buffers = [];

    public static TheoryData<int> CrossEntropyCases => Cases(
        "cross_entropy",
        c => !c.TryGetProperty("ignore_index", out _) && !c.TryGetProperty("class_weights", out _)
            && c.GetProperty("reduction").GetString() != "none");

    public static TheoryData<int> DistillationCases => Cases("kl_distillation", _ => true);

    public static TheoryData<int> ConsistencyCases => Cases("jsd_augmix", _ => true);

    [Theory]
    [MemberData(nameof(CrossEntropyCases))]
    public void CrossEntropyIsPyTorchs(int index)
    {
        var c = Case("cross_entropy", index);
        TensorView logits = Matrix(c, "logits"), loss = Floats(new float[1], 1);
        var gradient = Floats(new float[logits.Shape.Count], logits.Shape.ToArray());
        int rows = logits.Shape.Rows;
        float scale = c.GetProperty("reduction").GetString() == "sum" ? rows : 1;
        backend.CrossEntropy(
            logits, Labels(c), loss, gradient, 0, rows, c.GetProperty("label_smoothing").GetSingle(), scale, accumulate: false);
        Close(c.GetProperty("loss").GetDouble(), loss.Span[0]);
        Close(c, "grad_logits", gradient.Span);
    }

    [Theory]
    [MemberData(nameof(DistillationCases))]
    public void DistillationIsPyTorchs(int index)
    {
        var c = Case("kl_distillation", index);
        TensorView student = Matrix(c, "student_logits"), loss = Floats(new float[1], 1);
        var gradient = Floats(new float[student.Shape.Count], student.Shape.ToArray());
        int rows = student.Shape.Rows;
        float temperature = c.GetProperty("temperature").GetSingle();
        bool mixed = c.GetProperty("alpha").ValueKind == JsonValueKind.Number;
        float alpha = mixed ? c.GetProperty("alpha").GetSingle() : 1;
        backend.Distillation(student, Matrix(c, "teacher_logits"), default, loss, gradient, 0, rows, temperature, alpha, accumulate: false);
        Close(alpha * c.GetProperty("kd_term").GetDouble(), loss.Span[0]);
        if (mixed)
            backend.CrossEntropy(student, Labels(c), loss, gradient, 0, rows, 0, 1 - alpha, accumulate: true);
        Close(c.GetProperty("loss").GetDouble(), loss.Span[0]);
        Close(c, "grad_student", gradient.Span);
    }

    [Theory]
    [MemberData(nameof(ConsistencyCases))]
    public void AugMixLossIsTheReferences(int index)
    {
        var c = Case("jsd_augmix", index);
        float[] all = [.. Matrix(c, "logits_clean").Span, .. Matrix(c, "logits_aug1").Span, .. Matrix(c, "logits_aug2").Span];
        int rows = c.GetProperty("labels").GetArrayLength(), classes = all.Length / rows / 3;
        TensorView logits = Floats(all, 3 * rows, classes), loss = Floats(new float[1], 1);
        var gradient = Floats(new float[all.Length], 3 * rows, classes);
        backend.JensenShannon(logits, loss, gradient, 1, accumulate: false);
        Close(c.GetProperty("jsd").GetDouble(), loss.Span[0]);
        backend.CrossEntropy(logits, Labels(c), loss, gradient, 0, rows, 0, 1, accumulate: false);
        backend.JensenShannon(logits, loss, gradient, c.GetProperty("lambda_").GetSingle(), accumulate: true);
        Close(c.GetProperty("loss").GetDouble(), loss.Span[0]);
        int part = rows * classes;
        Close(c, "grad_clean", gradient.Span[..part]);
        Close(c, "grad_aug1", gradient.Span[part..(2 * part)]);
        Close(c, "grad_aug2", gradient.Span[(2 * part)..]);
    }

    public void Dispose()
    {
        backend.Dispose();
        foreach (var buffer in buffers)
            buffer.Dispose();
    }

    private static TheoryData<int> Cases(string group, Func<JsonElement, bool> offered)
    {
        var data = new TheoryData<int>();
        if (!File.Exists(GoldenData.PathOf("numeric", "losses.json")))
            return data;
        int index = 0;
        foreach (var c in GoldenData.Json("numeric", "losses.json").GetProperty(group).EnumerateArray())
        {
            if (offered(c))
                data.Add(index);
            index++;
        }

        return data;
    }

    private static JsonElement Case(string group, int index) => GoldenData.Json("numeric", "losses.json").GetProperty(group)[index];

    private static double[] Flat(JsonElement matrix) => matrix.EnumerateArray().SelectMany(GoldenData.Doubles).ToArray();

    private static void Close(double expected, double actual) =>
        Assert.Equal(expected, actual, Tolerance * Math.Max(Math.Abs(expected), 1e-2));

    private static void Close(JsonElement c, string name, ReadOnlySpan<float> actual)
    {
        double[] expected = Flat(c.GetProperty(name));
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Tolerance * largest);
    }

    private TensorView Matrix(JsonElement c, string name) =>
        Floats(Array.ConvertAll(Flat(c.GetProperty(name)), x => (float)x), c.GetProperty(name).GetArrayLength(),
            c.GetProperty(name)[0].GetArrayLength());

    private TensorView Labels(JsonElement c)
    {
        int[] labels = c.GetProperty("labels").EnumerateArray().Select(x => x.GetInt32()).ToArray();
        buffers.Add(new NativeBuffer(labels.Length * sizeof(int), "labels"));
        var view = buffers[^1].View(0, new Shape(labels.Length), DType.Int32);
        labels.CopyTo(new Span<int>(view.Integers, labels.Length));
        return view;
    }

    private TensorView Floats(float[] values, params ReadOnlySpan<int> shape)
    {
        buffers.Add(new NativeBuffer(values.Length * sizeof(float), "golden operand"));
        var view = buffers[^1].View(0, new Shape(shape));
        values.CopyTo(view.Span);
        return view;
    }
}
