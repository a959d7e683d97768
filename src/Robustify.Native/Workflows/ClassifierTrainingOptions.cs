using Robustify.Kernels;
using Robustify.Native.Augment;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>Which part of a classifier is trained.</summary>
public enum TrainedPart
{
    /// <summary>Every tensor.</summary>
    Full,

    /// <summary>Some blocks at one end, what lies beyond them there, and the head: what a student tunes, with one head.</summary>
    Partial,

    /// <summary>The head alone.</summary>
    Linear,

    /// <summary>A visual prompt before the frozen model: a frame of pixels, added to every image (arXiv 2203.17274).</summary>
    Prompt,
}

/// <summary>What the verbs pretrain, teach and finetune share: a plain classifier trained on one data set.</summary>
public sealed record ClassifierTrainingOptions
{
    /// <summary>Preset, safetensors file or run directory.</summary>
    public required string Model { get; init; }

    /// <summary>What of the model's checkpoint is taken otherwise.</summary>
    public ModelOverrides Overrides { get; init; } = new();

    /// <summary>Whether a fresh classifier for the classes of the data takes the place of the model's.</summary>
    public bool NewClassifier { get; init; }

    /// <summary>Data directory; null for the default.</summary>
    public string? Data { get; init; }

    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>Name of the model in results.json.</summary>
    public required string ResultName { get; init; }

    /// <summary>Key of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Passes over the training set.</summary>
    public required int Epochs { get; init; }

    /// <summary>Images a step, not counting views.</summary>
    public required int Batch { get; init; }

    /// <summary>At most so many training images.</summary>
    public int? Limit { get; init; }

    /// <summary>At most so many test images.</summary>
    public int? TestLimit { get; init; }

    /// <summary>Continue the run in <see cref="Out"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>What is written down on the way.</summary>
    public RecordOptions Record { get; init; } = new();

    /// <summary>Optimizer and its highest rate.</summary>
    public required OptimizerOptions Optimizer { get; init; }

    /// <summary>Shape of the learning-rate schedule.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Part of the steps that warm up.</summary>
    public double Warmup { get; init; } = 0.05;

    /// <summary>Label smoothing.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Dropout before the classifier.</summary>
    public float HeadDropout { get; init; }

    /// <summary>Dropout inside a transformer's blocks, in [0, 1).</summary>
    public float Dropout { get; init; }

    /// <summary>Probability that a transformer's last block is skipped, in [0, 1).</summary>
    public float StochasticDepth { get; init; }

    /// <summary>Mixtures: 0, 1, or 2 with the consistency term.</summary>
    public int AugMixViews { get; init; }

    /// <summary>How mixtures are made.</summary>
    public AugmentationOptions Augmentation { get; init; } = new();

    /// <summary>Weight of the consistency term.</summary>
    public float ConsistencyWeight { get; init; } = 12;

    /// <summary>Images to hold out of training, so that runs which are compared train on the same ones.</summary>
    public int HeldOut { get; init; }

    /// <summary>Whether each of several epochs is measured on the held-out images, to keep the best model too.</summary>
    public bool Validates { get; init; } = true;

    /// <summary>A bank of augmented versions, and whether what the frozen part answers to it is stored.</summary>
    public BankOptions Bank { get; init; } = new();

    /// <summary>Which part is trained.</summary>
    public TrainedPart Part { get; init; } = TrainedPart.Full;

    /// <summary>Blocks of the partial form; null for the model's own default.</summary>
    public int? TailBlocks { get; init; }

    /// <summary>Which end they are at.</summary>
    public TunedEnd Tuned { get; init; } = TunedEnd.First;

    /// <summary>Width of the prompt's frame in pixels; null for 30 of 224, as published.</summary>
    public int? PromptWidth { get; init; }

    /// <summary>Training from scratch on clean images: AdamW, crop and flip, label smoothing.</summary>
    public static ClassifierTrainingOptions Pretrain(string model, string output) => new()
    {
        Model = model, Out = output, ResultName = "original", Epochs = 10, Batch = 64, LabelSmoothing = 0.1f,
        Optimizer = new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 1e-3, WeightDecay = 0.05, MaximumGradientNorm = 1 },
    };

    /// <summary>A small model made robust by AugMix with the consistency term.</summary>
    public static ClassifierTrainingOptions Teach(string model, string output) => new()
    {
        Model = model, Out = output, ResultName = "teacher", Epochs = 5, Batch = 64, AugMixViews = 2, HeadDropout = 0.1f,
        Optimizer = new OptimizerOptions { Kind = OptimizerKind.Sgd, Rate = 0.1, Momentum = 0.9, Nesterov = true, WeightDecay = 5e-4 },
    };

    /// <summary>A pretrained model tuned under AugMix, the form the method is compared with.</summary>
    public static ClassifierTrainingOptions Finetune(string model, string output) => new()
    {
        Model = model, Out = output, ResultName = "full_finetune", Epochs = 1, Batch = 64, AugMixViews = 2,
        Optimizer = new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 3e-4, WeightDecay = 0.05, MaximumGradientNorm = 1 },
    };

    /// <summary>
    /// A visual prompt before a frozen model: on mixtures alone, as with one frame for all images there is little to keep consistent, and at
    /// a high rate without decay, as a pixel moves far.
    /// </summary>
    public static ClassifierTrainingOptions Prompt(string model, string output) => Finetune(model, output) with
    {
        ResultName = "prompt", Part = TrainedPart.Prompt, AugMixViews = 1,
        Optimizer = new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 0.02, MaximumGradientNorm = 1 },
    };

    /// <summary>
    /// Crop and flip by the model's input. Small grey sets (digits, letters, clothes) keep one orientation, in which all shoes point the
    /// same way, so they are shifted by a pixel and not flipped.
    /// </summary>
    public static StandardAugmentationOptions AugmentationFor(IVisionModel model)
    {
        if (model.ImageSize > 64)
            return StandardAugmentationOptions.Photographs;
        return model.Channels == 1 ? new StandardAugmentationOptions { Padding = 1 } : StandardAugmentationOptions.SmallImages;
    }

    /// <summary>Refuses values outside their ranges before anything is opened or written.</summary>
    public void Validate()
    {
        if (Batch is < 1 or > 65536)
            throw new RobustifyException($"--batch: {Batch} found, 1..65536 expected");
        if (Epochs is < 1 or > 100_000)
            throw new RobustifyException($"--epochs: {Epochs} found, 1..100000 expected");
        if (Limit < 1 || TestLimit < 1)
            throw new RobustifyException($"--limit: {(Limit < 1 ? Limit : TestLimit)} found, at least 1 expected");
        if (AugMixViews is < 0 or > 2)
            throw new RobustifyException($"--augmix-views: {AugMixViews} found, 0..2 expected");
        RequireProbability("--label-smoothing", LabelSmoothing);
        RequireProbability("--head-dropout", HeadDropout);
        RequireProbability("--dropout", Dropout);
        RequireProbability("--stochastic-depth", StochasticDepth);
        Record.Validate();
        Bank.Validate();
        Optimizer.Validate();
    }

    private static void RequireProbability(string option, float value)
    {
        if (!(value is >= 0 and < 1))
            throw new RobustifyException($"{option}: {value} found, 0 to below 1 expected");
    }
}
