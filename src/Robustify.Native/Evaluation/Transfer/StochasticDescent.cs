using Robustify.Kernels.Random;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Gradient descent with momentum 0.9 on batches of the images, the rate falling to nothing along a cosine; every epoch in an order drawn
/// under (seed, <see cref="RandomPurpose.ProbeOrder"/>, epoch, image).
/// </summary>
internal static class StochasticDescent
{
    private const int Batch = 256;
    private const int Epochs = 100;
    private const double Momentum = 0.9;

    /// <summary>Moves <paramref name="point"/> towards where the function is least.</summary>
    public static void Minimize(LogisticObjective objective, double[] point, int width, ulong seed)
    {
        // With momentum the speed is ten times the rate, and half the squared length of the scaled features bounds the curvature.
        double rate = (1 - Momentum) / (0.5 * (width + 1) + objective.Penalty);
        double[] gradient = new double[point.Length], speed = new double[point.Length];
        int[] order = [.. objective.Rows];
        long step = 0, steps = (long)Epochs * ((order.Length + Batch - 1) / Batch);
        ulong[] keys = new ulong[order.Length];
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            for (int i = 0; i < order.Length; i++)
            {
                order[i] = objective.Rows[i];
                var (x, y, _, _) = Philox.Block(seed, (uint)RandomPurpose.ProbeOrder, (uint)epoch, (uint)order[i], 0);
                keys[i] = (ulong)x << 32 | y;
            }

            Array.Sort(keys, order);
            for (int first = 0; first < order.Length; first += Batch, step++)
            {
                objective.Evaluate(point, gradient, order.AsSpan(first, Math.Min(Batch, order.Length - first)));
                double now = 0.5 * rate * (1 + Math.Cos(Math.PI * step / steps));
                for (int i = 0; i < point.Length; i++)
                {
                    speed[i] = Momentum * speed[i] - now * gradient[i];
                    point[i] += speed[i];
                }
            }
        }
    }
}
