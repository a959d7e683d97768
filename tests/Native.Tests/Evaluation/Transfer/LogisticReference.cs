using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Tests.Evaluation.Transfer;

/// <summary>The logistic regression by plain loops in double, with its Hessian, and Newton's method on it.</summary>
internal sealed class LogisticReference(LabeledFeatures data, int[] rows, double penalty)
{
    private readonly double[][] scaled = Scaled(data.Train);
    private readonly int columns = data.Train.Width + 1;

    public int Length => data.Classes * columns;

    public double Value(double[] point) =>
        rows.Average(r => -Math.Log(Probabilities(point, r)[data.TrainLabels[r]])) + 0.5 * penalty * point.Where((_, i) => !IsBias(i)).Sum(w => w * w);

    public double[] Gradient(double[] point)
    {
        double[] gradient = [.. point.Select((w, i) => IsBias(i) ? 0 : penalty * w)];
        foreach (int r in rows)
        {
            double[] p = Probabilities(point, r);
            for (int i = 0; i < Length; i++)
                gradient[i] += (p[i / columns] - (data.TrainLabels[r] == i / columns ? 1 : 0)) * scaled[r][i % columns] / rows.Length;
        }

        return gradient;
    }

    /// <summary>Newton's method to a gradient of rounding errors. Biases may shift together at no cost, so their sum is held at 0.</summary>
    public double[] Newton()
    {
        double[] point = new double[Length];
        for (int iteration = 0; iteration < 30; iteration++)
        {
            double[,] hessian = new double[Length, Length];
            foreach (int r in rows)
            {
                double[] p = Probabilities(point, r);
                for (int i = 0; i < Length; i++)
                {
                    for (int j = 0; j < Length; j++)
                    {
                        double curvature = p[i / columns] * ((i / columns == j / columns ? 1 : 0) - p[j / columns]);
                        hessian[i, j] += curvature * scaled[r][i % columns] * scaled[r][j % columns] / rows.Length;
                    }
                }
            }

            for (int i = 0; i < Length; i++)
            {
                if (!IsBias(i))
                    hessian[i, i] += penalty;
                for (int j = 0; j < Length; j++)
                    hessian[i, j] += IsBias(i) && IsBias(j) ? 1 : 0;
            }

            double[] step = Solve(hessian, Gradient(point));
            for (int i = 0; i < Length; i++)
                point[i] -= step[i];
        }

        return point;
    }

    private bool IsBias(int i) => i % columns == columns - 1;

    private double[] Probabilities(double[] point, int row)
    {
        double[] e = new double[data.Classes];
        for (int c = 0; c < e.Length; c++)
            e[c] = Math.Exp(Enumerable.Range(0, columns).Sum(i => point[c * columns + i] * scaled[row][i]));
        return [.. e.Select(x => x / e.Sum())];
    }

    private static double[][] Scaled(FeatureRows features)
    {
        int n = features.Count, width = features.Width;
        double[][] rows = [.. Enumerable.Range(0, n).Select(r => features[r].ToArray().Select(x => (double)x).ToArray())];
        double[] mean = [.. Enumerable.Range(0, width).Select(i => rows.Average(r => r[i]))];
        double variance = rows.Average(r => Enumerable.Range(0, width).Average(i => (r[i] - mean[i]) * (r[i] - mean[i])));
        return [.. rows.Select(r => (double[])[.. r.Select((x, i) => (x - mean[i]) / Math.Sqrt(variance)), 1])];
    }

    // Gaussian elimination with the largest pivot.
    private static double[] Solve(double[,] a, double[] b)
    {
        int n = b.Length;
        double[] x = [.. b];
        for (int k = 0; k < n; k++)
        {
            int pivot = Enumerable.Range(k, n - k).MaxBy(i => Math.Abs(a[i, k]));
            (x[k], x[pivot]) = (x[pivot], x[k]);
            for (int j = 0; j < n; j++)
                (a[k, j], a[pivot, j]) = (a[pivot, j], a[k, j]);
            for (int i = k + 1; i < n; i++)
            {
                double factor = a[i, k] / a[k, k];
                for (int j = k; j < n; j++)
                    a[i, j] -= factor * a[k, j];
                x[i] -= factor * x[k];
            }
        }

        for (int k = n - 1; k >= 0; k--)
        {
            for (int j = k + 1; j < n; j++)
                x[k] -= a[k, j] * x[j];
            x[k] /= a[k, k];
        }

        return x;
    }
}
