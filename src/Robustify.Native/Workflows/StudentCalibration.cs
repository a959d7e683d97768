using Robustify.Kernels;
using Robustify.Native.Evaluation;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows;

/// <summary>Calibrates the selector of a student's checkpoint on held-out images and stores the two numbers in it.</summary>
internal static class StudentCalibration
{
    /// <summary>Replaces the file by the same student with its selector calibrated; returns the numbers.</summary>
    /// <param name="checkpoint">The student's file.</param>
    /// <param name="original">The model whose clean accuracy is the measure.</param>
    /// <param name="data">Its held-out images are used, clean and corrupted.</param>
    /// <param name="cleanMargin">How much of the original's clean accuracy on them may be given away.</param>
    /// <param name="cleanConfidence">How many standard errors of that loss are kept beside the margin.</param>
    /// <param name="seed">Key of the corruptions' draws.</param>
    /// <param name="context">Device and progress.</param>
    public static SelectorCalibration Write(
        string checkpoint, string original, LabeledData data, double cleanMargin, double cleanConfidence, ulong seed, RunContext context)
    {
        // From the file, so that what is calibrated is what will answer.
        var calibration = Calibrate(checkpoint, original, data, cleanMargin, cleanConfidence, seed, context);
        var source = ModelSource.Resolve(checkpoint);
        var student = ThreeHeadedStudent.Of(source)!;
        using var parameters = student.LoadTrained(source);
        source.Save(checkpoint, parameters, (StudentInference.Read(source.Metadata) with { Calibration = calibration }).Metadata(student));
        return calibration;
    }

    private static SelectorCalibration Calibrate(
        string checkpoint, string original, LabeledData data, double cleanMargin, double cleanConfidence, ulong seed, RunContext context)
    {
        using var tuned = LoadedModel.Open("student", checkpoint, context.Target, Benchmark.BatchFor(data.HeldOut.Length));
        // Both answer the same pixels, as the student's checkpoint wants them.
        var own = tuned.Source.Preprocessing;
        using var reference = LoadedModel.Open("original", original, context.Target, Benchmark.BatchFor(data.HeldOut.Length), new ModelOverrides
        {
            ImageSize = tuned.Source.Model.ImageSize,
            Preprocessing = new PreprocessingOverrides
            {
                Mean = own.Normalization.Mean, Std = own.Normalization.Std, CropRatio = own.CropRatio, Interpolation = own.Interpolation,
            },
        });
        return tuned.Predictor is StudentPredictor student
            ? SelectorCalibrator.Run(student, reference.Predictor, data.HeldOutSource, data.HeldOut, cleanMargin, cleanConfidence, seed, context, own)
            : throw new RobustifyException($"{checkpoint}: has one head, a student of several expected");
    }
}
