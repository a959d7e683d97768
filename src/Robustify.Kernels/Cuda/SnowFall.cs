namespace Robustify.Kernels.Cuda;

/// <summary>Constants of snow: noise of that mean and deviation, 0 below the threshold; the image's weight and that of its whitened self.</summary>
internal readonly record struct SnowFall(float Mean, float Deviation, double Threshold, float Keep, float Whiten);
