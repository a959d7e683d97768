using Robustify.Kernels.Random;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Gradient descent with momentum 0.9 on batches of the images, the rate falling to nothing along a cosine; every epoch in an order drawn
/// under (seed, <see cref="RandomPurpose.ProbeOrder"/>, epoch, image).
/// </summary>
internal static class StochasticDescent
{
    private const int Batch = 256;
    private const int LeastEpochs = 100;

    // Few images give few batches: a hundred epochs of them end far from the optimum.
    private const int LeastSteps = 3000;
    private const double Momentum = 0.9;

    /// <summary>Moves <paramref name="point"/> towards where the function is least.</summary>
    public static void Minimize(LogisticObjective objective, double[] point, int width, ulong seed)
    {
        // Half the mean squared length of the scaled features bounds the curvature, and its inverse is about a quarter of the rate at
        // which descent with this momentum diverges, 2 (1 + momentum) times as much: batches differ from the whole.
        double rate = 1 / (0.5 * (width + 1) + objective.Penalty);
        double[] gradient = new double[point.Length], speed = new double[point.Length];
        int[] order = [.. objective.Rows];
        int batches = (order.Length + Batch - 1) / Batch, epochs = Math.Max(LeastEpochs, (LeastSteps + batches - 1) / batches);
        long step = 0, steps = (long)epochs * batches;
        ulong[] keys = new ulong[order.Length];
        for (int epoch = 0; epoch < epochs; epoch++)
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
