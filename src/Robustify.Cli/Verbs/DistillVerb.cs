using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Data.Sources;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>The method: tunes a fraction of a large model with a robust teacher.</summary>
internal static class DistillVerb
{
    private static readonly DistillationRunOptions Standard = new() { Student = "", Teacher = "", Out = "" };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("distill", Standard.Seed);
        var student = new TextOption(
            "--student", "MODEL", "the pretrained large model: safetensors file or run directory", "the bundled model", BundledModel.Find, "--model");
        var teacher = new TextOption("--teacher", "MODEL", "the small robust model: safetensors file or run directory of teach", "", null);
        var data = RunSettings.DataOption();
        var record = new RecordSettings();
        var bank = new BankSettings();
        var epochs = new NumberOption<int>("--epochs", "passes over the training images", new(1, 100_000), Standard.Epochs);
        var limit = new OptionalNumberOption<int>("--limit", "training images at most, as many of each class", new(1, null), "all");
        var testLimit = new OptionalNumberOption<int>("--test-limit", "test images at most, as many of each class", new(1, null), "all");
        var heldOut = new NumberOption<int>(
            "--held-out", "images set aside to calibrate the choice of heads on, a quarter of all at most; 0 for no calibration",
            new(0, null), Standard.HeldOut);
        var heldOutFrom = new ChoiceOption<DataPart>(
            "--held-out-from", "the part of the data they are taken from; test (half of it at most) for a model that was pretrained on the training images",
            Standard.HeldOutFrom);
        var cleanMargin = new NumberOption<double>(
            "--clean-margin", "clean accuracy on the held-out images that the choice of heads may give away, as a fraction", new(0, 1), Standard.CleanMargin);
        var cleanConfidence = new NumberOption<double>(
            "--clean-confidence", "standard errors of that loss kept beside the margin; 0 takes the held-out images at their word", new(0, 10), Standard.CleanConfidence);
        var augmentation = new AugmentationSettings(Standard.Augmentation);
        var optimizer = new OptimizerSettings(Standard.Optimizer, Standard.Schedule, Standard.Warmup);
        var plan = MemoryReport.Option();
        var preprocessing = new PreprocessingSettings();
        var method = new DistillationSettings(Standard.Method);
        var classes = new TextOption(
            "--classes", "FILE|imagenet", "class names for a CLIP model without a classifier, as zeroshot takes them", "the data's own", () => "");
        var zeroShot = new ZeroShotSettings();

        var command = new Command("distill", "Tune a fraction of a large model with a small robust teacher: three heads, one chosen for each image.");
        command.Add(plan);
        run.Add(command, student, teacher, data);
        run.AddCommon(command, writes: true);
        record.AddTo(command, run);
        run.Add(command, epochs, limit, testLimit, heldOut, heldOutFrom, cleanMargin, cleanConfidence);
        augmentation.AddTo(command, run);
        bank.AddTo(command, run);
        preprocessing.AddTo(command, run);
        method.AddTo(command, run);
        optimizer.AddTo(command, run);
        run.Add(command, classes);
        zeroShot.AddTo(command, run);
        command.SetAction(parse =>
        {
            var options = Standard with
            {
                Student = student.Of(parse), Overrides = preprocessing.Bind(parse) with { Activation = ActivationOption.Of(zeroShot.Activation, parse) },
                Teacher = teacher.Of(parse), Data = data.Of(parse), Out = run.Out.Of(parse), Seed = run.Seed.Of(parse),
                Epochs = epochs.Of(parse), Limit = limit.Of(parse), TestLimit = testLimit.Of(parse), Resume = record.Resume(parse),
                Record = record.Bind(parse), Bank = bank.Bind(parse), HeldOut = heldOut.Of(parse), HeldOutFrom = heldOutFrom.Of(parse), CleanMargin = cleanMargin.Of(parse),
                CleanConfidence = cleanConfidence.Of(parse), Augmentation = augmentation.Bind(parse),
                Optimizer = optimizer.Optimizer(parse), Schedule = optimizer.Schedule(parse),
                Warmup = optimizer.Warmup(parse), Method = method.Bind(parse, run.Seed.Of(parse)),
                ZeroShot = zeroShot.Of(parse), ClassesFile = classes.Of(parse) is { Length: > 0 } names ? names : null,
            };
            if (plan.Of(parse))
                return MemoryReport.Write(invocation, run, parse, DistillationWorkflow.Plan(options, run.Precision.Of(parse), run.ComputesOnCuda(parse)));
            using var session = new Session(invocation, parse, run);
            DistillationWorkflow.Run(options, session.Context, session.Describe);
            return session.Finish();
        });
        return command;
    }
}
