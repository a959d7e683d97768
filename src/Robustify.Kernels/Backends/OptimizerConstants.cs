using System.Runtime.InteropServices;

namespace Robustify.Kernels.Backends;

/// <summary>
/// What changes from one optimizer step to the next: 16 bytes in device memory, a view [4] of Float32, uploaded before the step. A captured
/// step reads it there, so that nothing of it is baked in.
/// </summary>
/// <param name="Rate">The learning rate; at byte 0.</param>
/// <param name="AdamStepSize">-rate / (1 - beta1^t); at byte 4, unused by SGD.</param>
/// <param name="AdamRootScale">1 / sqrt(1 - beta2^t); at byte 8, unused by SGD.</param>
/// <param name="FirstStep">1 at the first step, where SGD's velocity begins with the gradient, else 0; at byte 12, unused by AdamW.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct OptimizerConstants(float Rate, float AdamStepSize, float AdamRootScale, float FirstStep)
{
    /// <summary>Elements of a view that holds one.</summary>
    public const int Floats = 4;

    /// <summary>Of SGD's step number <paramref name="step"/>, from 1.</summary>
    public static OptimizerConstants ForSgd(float rate, long step) => new(rate, 0, 0, step == 1 ? 1 : 0);

    /// <summary>Of AdamW's step number <paramref name="step"/>, from 1.</summary>
    public static OptimizerConstants ForAdamW(float rate, float beta1, float beta2, long step)
    {
        // In double: 1 - beta^t loses most of its digits in float at the first steps.
        double correction1 = 1 - Math.Pow(beta1, step), correction2 = 1 - Math.Pow(beta2, step);
        return new(rate, (float)(-rate / correction1), (float)(1 / Math.Sqrt(correction2)), 0);
    }
}
