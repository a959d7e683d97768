using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;

namespace Robustify.Native.Tests.Method;

public sealed class WeightInterpolationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("robustify-wise-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(1)]
    public void EveryTensorStatisticsAmongThemLiesOnTheLine(double alpha)
    {
        var preset = ModelSource.Resolve("resnet_fashion");
        using var from = preset.LoadClassifier(_ => false, seed: 1);
        using var to = preset.LoadClassifier(_ => false, seed: 2);
        Shift(from, 3);
        Shift(to, 4);
        string original = Save(preset, from, "original"), tuned = Save(preset, to, "tuned"), path = Path.Combine(folder, "between.safetensors");
        Assert.False(WeightInterpolation.Write(original, tuned, alpha, path));
        using var between = ModelSource.Resolve(path).LoadClassifier(_ => false, seed: 0);
        foreach (var parameter in between.All)
        {
            var (a, b) = (from[parameter.Spec.Name].Value.View, to[parameter.Spec.Name].Value.View);
            for (int i = 0; i < parameter.Value.View.Span.Length; i++)
                Assert.Equal((float)((1 - alpha) * a.Span[i] + alpha * b.Span[i]), parameter.Value.View.Span[i]);
        }

        Assert.Contains(between.All, p => p.Spec.IsStatistic);
    }

    [Fact]
    public void AStudentsHeadsAllComeFromTheOriginalsOne()
    {
        var preset = ModelSource.Resolve("vit_fashion");
        using var from = preset.LoadClassifier(_ => false, seed: 1);
        string original = Save(preset, from, "original");
        var source = ModelSource.Resolve(original);
        var student = new ThreeHeadedStudent(source.Model, 1, TailKind.Split, TunedEnd.First);
        using var training = student.CreateTrainingStore(source, seed: 0);
        Shift(training, 5);
        using var saved = new ParameterStore(student.SavedSpecs, _ => false);
        saved.CopyFrom(training);
        string tuned = Path.Combine(folder, "student.safetensors"), path = Path.Combine(folder, "start.safetensors");
        source.Save(tuned, saved, new StudentInference { Calibration = new(0.1, 0.2) }.Metadata(student));
        Assert.True(WeightInterpolation.Write(original, tuned, 0, path));
        var written = ModelSource.Resolve(path);
        using var start = ThreeHeadedStudent.Of(written)!.LoadTrained(written);
        float[] head = from["head.weight"].Value.View.Span.ToArray();
        foreach (string name in (string[])["head", "head_unclean", "head_combined"])
            Assert.Equal(head, start[name + ".weight"].Value.View.Span.ToArray());
        Assert.Equal(from["blocks.0.mlp.fc1.weight"].Value.View.Span.ToArray(), start["blocks.0.mlp.fc1.weight"].Value.View.Span.ToArray());
        Assert.Equal(new SelectorCalibration(0.1, 0.2), StudentInference.Read(written.Metadata).Calibration);
    }

    [Fact]
    public void OtherArchitecturesPresetsAndPlacesOffTheLineAreRefusedInOneLine()
    {
        var resnet = ModelSource.Resolve("resnet_fashion");
        var transformer = ModelSource.Resolve("vit_fashion");
        using var a = resnet.LoadClassifier(_ => false, seed: 1);
        using var b = transformer.LoadClassifier(_ => false, seed: 1);
        string first = Save(resnet, a, "a"), second = Save(transformer, b, "b"), path = Path.Combine(folder, "none.safetensors");
        Refused("one architecture expected", () => WeightInterpolation.Write(first, second, 0.5, path));
        Refused("is a preset", () => WeightInterpolation.Write(first, "resnet_fashion", 0.5, path));
        Refused("alpha", () => WeightInterpolation.Write(first, first, 1.5, path));
        Refused("alpha", () => WeightInterpolation.Write(first, first, double.NaN, path));
        Assert.False(File.Exists(path));
    }

    private static void Refused(string named, Action attempt)
    {
        var error = Assert.Throws<RobustifyException>(attempt);
        Assert.Contains(named, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void Shift(ParameterStore store, ulong seed)
    {
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, 0, 0);
        foreach (var parameter in store.All)
        {
            foreach (ref float x in parameter.Value.View.Span)
                x += (float)Math.Abs(random.NextNormal());
        }
    }

    private string Save(ModelSource source, ParameterStore store, string name)
    {
        string path = Path.Combine(folder, name + ".safetensors");
        source.Save(path, store);
        return path;
    }
}
