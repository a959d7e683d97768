using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Tests.Data.Loading;
using Robustify.Native.Tests.Graph;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Models;

/// <summary>A visual prompt: a frame that learns before a model that does not.</summary>
public sealed class PromptedModelTests
{
    [Theory]
    [InlineData(5, 6, 2, 1)]
    [InlineData(6, 6, 1, 3)]
    [InlineData(7, 5, 3, 2)]
    public void TheFramesGradientIsTheImagesSummedAndInsideThereIsNone(int height, int width, int channels, int frame)
    {
        using var check = new GradientCheck(true, ("images", [3, height, width, channels]), ("prompt", [height, width * channels]));
        check.WeighIn(check.Graph.AddPrompt("y", check.Leaf("images"), check["prompt"], frame));
        check.Plan();
        var gradients = check.Gradients();
        float[] images = gradients["images"], prompt = gradients["prompt"];
        for (int i = 0; i < prompt.Length; i++)
        {
            int row = i / (width * channels), column = i % (width * channels) / channels;
            bool isInside = row >= frame && row < height - frame && column >= frame && column < width - frame;
            double sum = isInside ? 0 : Enumerable.Range(0, 3).Sum(n => (double)images[n * prompt.Length + i]);

            // Three floats below 1 are added.
            Assert.Equal(sum, prompt[i], 1e-6);
        }
    }

    [Theory]
    [InlineData("vit")]
    [InlineData("resnet basic")]
    public void TrainingMovesTheFrameAndNothingElse(string name)
    {
        var inner = SmallModels.Create(name);
        var model = new PromptedModel(inner, 2);
        using var parameters = new ParameterStore(model.AllSpecs(), spec => spec.Name == PromptedModel.TensorName);
        parameters.Initialize(3);
        var before = parameters.All.ToDictionary(p => p.Spec.Name, p => p.Value.View.Span.ToArray());
        using var backend = new Robustify.Kernels.Cpu.CpuBackend(1);
        using var loader = new BatchLoader(
            new SyntheticSource(16, model.ImageSize, 1), [.. Enumerable.Range(0, 16)],
            new BatchLoaderOptions { BatchSize = 4, ImageSize = model.ImageSize, Normalization = Normalization.Half(1), Seed = 4, AugMixViews = 1 });
        using var step = new ClassificationStep(model, parameters, new ClassificationOptions { BatchSize = 4, AugMixViews = 1, Seed = 4 });
        using var trainer = new Trainer(backend, step, loader, new TrainerOptions
        {
            Epochs = 2, Optimizer = new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 0.1, MaximumGradientNorm = 1 },
        });
        trainer.Run("prompt", Robustify.Native.Runs.SilentProgress.Instance, CancellationToken.None);
        foreach (var parameter in parameters.All.Where(p => p.Spec.Name != PromptedModel.TensorName))
            Assert.Equal(before[parameter.Spec.Name], parameter.Value.View.Span.ToArray());
        float[] prompt = parameters[PromptedModel.TensorName].Value.View.Span.ToArray();
        int side = model.ImageSize, moved = prompt.Count(x => x != 0);
        for (int row = 2; row < side - 2; row++)
            Assert.All(prompt[(row * side + 2)..(row * side + side - 2)], x => Assert.Equal(0, x));
        Assert.Equal(model.FrameCount, side * side - (side - 4) * (side - 4));

        // Some pixel's gradient may be exactly 0 on eight steps; of most it is not.
        Assert.InRange(moved, model.FrameCount / 2, model.FrameCount);
    }

    [Fact]
    public void AFrameWiderThanHalfTheImageIsRefused()
    {
        var inner = SmallModels.Create("vit");
        Assert.Contains("1..8", Assert.Throws<RobustifyException>(() => new PromptedModel(inner, 9)).Message);
        Assert.Contains("1..8", Assert.Throws<RobustifyException>(() => new PromptedModel(inner, 0)).Message);
    }

    [Fact]
    public void AStoredPromptIsReadAgainAndANewOneBeginsAsTheModel()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors"), prompted = file + ".prompted.safetensors";
        try
        {
            var preset = ModelSource.Resolve("vit_fashion");
            using (var fresh = preset.LoadClassifier(_ => false, seed: 1))
                preset.Save(file, fresh);
            var source = ModelSource.Resolve(file).WithPrompt(4);
            using var parameters = source.LoadClassifier(_ => false, seed: 0);
            var prompt = parameters[PromptedModel.TensorName].Value.View;
            Assert.All(prompt.Span.ToArray(), x => Assert.Equal(0, x));
            prompt.Span[5] = 0.25f;
            source.Save(prompted, parameters);
            var read = ModelSource.Resolve(prompted);
            Assert.Equal(4, Assert.IsType<PromptedModel>(read.Model).Width);
            using var again = read.LoadClassifier(_ => false, seed: 0);
            Assert.Equal(0.25f, again[PromptedModel.TensorName].Value.View.Span[5]);
            Assert.Equal(parameters["head.weight"].Value.View.Span.ToArray(), again["head.weight"].Value.View.Span.ToArray());
        }
        finally
        {
            File.Delete(file);
            File.Delete(prompted);
        }
    }
}
