namespace Robustify.Kernels.Cuda;

/// <summary>Constants of spatter: noise of that mean and deviation is liquid from the threshold on; the strength is water's alone.</summary>
internal readonly record struct SpatterSplash(double Mean, double Deviation, double Threshold, float Strength);
