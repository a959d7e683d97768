using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Models;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Method;

public sealed class ThreeHeadedStudentTests
{
    [Theory]
    [InlineData("vit", TailKind.Shared, 1)]
    [InlineData("vit", TailKind.Split, 2)]
    [InlineData("vit mean pooling", TailKind.Shared, 0)]
    [InlineData("resnet bottleneck", TailKind.Split, 1)]
    [InlineData("resnet basic", TailKind.Shared, 5)]
    [InlineData("convnext", TailKind.Split, 2)]
    public void TailFinalNormAndHeadsAreTrainedAndNothingElse(string name, TailKind tail, int tailBlocks)
    {
        var model = SmallModels.Create(name);
        var student = new ThreeHeadedStudent(model, tailBlocks, tail, TunedEnd.Last);
        using var store = new ParameterStore(student.TrainingSpecs, student.IsTrained);
        string[] body = [.. model.Body.Where(s => !s.IsStatistic && model.BlockOf(s.Name) >= model.BlockCount - tailBlocks).Select(s => s.Name)];
        string[] heads = tail == TailKind.Shared
            ? [model.HeadName, model.HeadName + "_unclean", model.HeadName + "_combined"]
            : [model.HeadName + "_unclean", model.HeadName + "_combined"];
        Assert.Equal(
            body.Concat(heads.SelectMany(h => (string[])[h + ".weight", h + ".bias"])).Order(StringComparer.Ordinal),
            store.Trained.Select(p => p.Spec.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(TailKind.Shared)]
    [InlineData(TailKind.Split)]
    public void TheOriginalTailAndHeadLieBesideTheTunedOnesAndASharedStudentIsSavedWithoutThem(TailKind tail)
    {
        var model = SmallModels.Create("vit");
        var student = new ThreeHeadedStudent(model, 1, tail, TunedEnd.Last);
        string[] inTraining = [.. student.TrainingSpecs.Select(s => s.Name)], saved = [.. student.SavedSpecs.Select(s => s.Name)];
        Assert.Distinct(inTraining);
        string[] tailNames = [.. model.Body.Where(s => model.BlockOf(s.Name) >= model.BlockCount - 1).Select(s => s.Name)];
        Assert.All([.. tailNames, "head.weight", "head.bias"], n => Assert.Contains(CheckpointNames.OriginalPrefix + n, inTraining));
        Assert.DoesNotContain(CheckpointNames.OriginalPrefix + "blocks.0.norm1.weight", inTraining);
        Assert.Equal(tail == TailKind.Split ? tailNames.Length : 0, saved.Count(n => n.StartsWith(CheckpointNames.OriginalPrefix, StringComparison.Ordinal)));
        Assert.All(saved, n => Assert.Contains(n, inTraining));
    }

    [Theory]
    [InlineData("vit", 1)]
    [InlineData("vit mean pooling", 2)]
    [InlineData("resnet basic", 1)]
    [InlineData("convnext", 2)]
    public void TunedFirstTrainsTheStemTheFirstBlocksAndTheHeadsAndNothingElse(string name, int blocks)
    {
        var model = SmallModels.Create(name);
        var student = new ThreeHeadedStudent(model, blocks, TailKind.Split, TunedEnd.First);
        using var store = new ParameterStore(student.TrainingSpecs, student.IsTrained);
        string[] body = [.. model.Body.Where(s => !s.IsStatistic && model.BlockOf(s.Name) < blocks).Select(s => s.Name)];
        string[] heads = [.. ((string[])["_unclean", "_combined"]).SelectMany(h => (string[])[model.HeadName + h + ".weight", model.HeadName + h + ".bias"])];
        Assert.Equal(body.Concat(heads).Order(StringComparer.Ordinal), store.Trained.Select(p => p.Spec.Name).Order(StringComparer.Ordinal));
        Assert.All(body, n => Assert.Contains(student.SavedSpecs, s => s.Name == CheckpointNames.OriginalPrefix + n));
    }

    // The paper's point: a fraction of the large model is tuned.
    [Theory]
    [InlineData(TunedEnd.First)]
    [InlineData(TunedEnd.Last)]
    public void TheDefaultTailOfTheBundledTransformerTunesLessThanThirtyPercent(TunedEnd tuned)
    {
        var model = ModelPresets.Create("vit_fashion");
        var student = new ThreeHeadedStudent(model, model.DefaultTailBlocks, TailKind.Shared, tuned);
        long trained = student.SavedSpecs.Where(student.IsTrained).Sum(s => s.Shape.Count);
        Assert.InRange((double)trained / student.SavedSpecs.Sum(s => s.Shape.Count), 0.05, 0.3);
    }

    [Fact]
    public void ATrainingStoreStartsAsCopiesOfThePretrainedModel()
    {
        using var folder = new TemporaryFolder();
        var source = Pretrained(folder);
        using var pretrained = source.LoadClassifier(_ => false, 0);
        var student = new ThreeHeadedStudent(source.Model, 1, TailKind.Split, TunedEnd.Last);
        using var store = student.CreateTrainingStore(source, 0);
        foreach (var parameter in store.All)
        {
            string name = parameter.Spec.Name.Replace(CheckpointNames.OriginalPrefix, "", StringComparison.Ordinal)
                .Replace("_unclean", "", StringComparison.Ordinal).Replace("_combined", "", StringComparison.Ordinal);
            Assert.Equal(pretrained[name].Value.View.Span.ToArray(), parameter.Value.View.Span.ToArray());
        }
    }

    [Theory]
    [InlineData(TailKind.Shared)]
    [InlineData(TailKind.Split)]
    public void ASavedStudentIsFoundAgainWithEveryTensor(TailKind tail)
    {
        using var folder = new TemporaryFolder();
        var source = Pretrained(folder);
        var student = new ThreeHeadedStudent(source.Model, 2, tail, TunedEnd.Last);
        using var training = student.CreateTrainingStore(source, 0);
        foreach (var parameter in training.Trained)
            parameter.Value.View.Span[0] += 1;
        using var inference = new ParameterStore(student.SavedSpecs, _ => false);
        inference.CopyFrom(training);
        source.Save(folder.File("student.safetensors"), inference, new StudentInference().Metadata(student));

        var found = ModelSource.Resolve(folder.File("student.safetensors"));
        var again = ThreeHeadedStudent.Of(found);
        Assert.NotNull(again);
        Assert.Equal((tail, 2), (again.Tail, again.TailBlocks));
        using var loaded = again.LoadTrained(found);
        Assert.Equal(inference.All.Select(p => p.Spec.Name), loaded.All.Select(p => p.Spec.Name));
        foreach (var parameter in inference.All)
            Assert.Equal(parameter.Value.View.Span.ToArray(), loaded[parameter.Spec.Name].Value.View.Span.ToArray());
        Assert.Null(ThreeHeadedStudent.Of(source));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void TailsLongerThanTheModelAreRefusedInOneLine(int tailBlocks)
    {
        var error = Assert.Throws<RobustifyException>(() => new ThreeHeadedStudent(SmallModels.Create("vit"), tailBlocks, TailKind.Shared, TunedEnd.Last));
        Assert.Contains($"{tailBlocks} tail blocks", error.Message);
        Assert.Contains("0..3", error.Message);
    }

    [Theory]
    [InlineData("sideways", "1")]
    [InlineData("7", "1")]
    [InlineData("shared", "one")]
    [InlineData("shared", "99")]
    [InlineData("shared", "-1")]
    public void DamagedMetadataIsRefusedInOneLine(string tail, string blocks)
    {
        using var folder = new TemporaryFolder();
        var source = Pretrained(folder);
        using var store = source.LoadClassifier(_ => false, 0);
        source.Save(folder.File("odd.safetensors"), store, new Dictionary<string, string>
        {
            [ThreeHeadedStudent.TailKey] = tail, [ThreeHeadedStudent.TailBlocksKey] = blocks,
        });
        var error = Assert.Throws<RobustifyException>(() => ThreeHeadedStudent.Of(ModelSource.Resolve(folder.File("odd.safetensors"))));
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void APresetWithoutWeightsCannotBeAStudent()
    {
        var source = ModelSource.Resolve("resnet_fashion");
        var student = new ThreeHeadedStudent(source.Model, 1, TailKind.Shared, TunedEnd.Last);
        var error = Assert.Throws<RobustifyException>(() => student.CreateTrainingStore(source, 0));
        Assert.Contains("pretrained checkpoint expected", error.Message);
    }

    /// <summary>A checkpoint with random weights.</summary>
    private static ModelSource Pretrained(TemporaryFolder folder)
    {
        var preset = ModelSource.Resolve("resnet_fashion");
        using var store = preset.LoadClassifier(_ => true, seed: 3);
        preset.Save(folder.File("pretrained.safetensors"), store);
        return ModelSource.Resolve(folder.File("pretrained.safetensors"));
    }
}
