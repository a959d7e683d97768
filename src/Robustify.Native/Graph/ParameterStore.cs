using Robustify.Kernels.Backends;
using Robustify.Kernels;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph;

/// <summary>
/// All tensors of a model in one block of memory, the trained ones first and their gradients in a second block of the same layout, so
/// that an optimizer, a norm or a checkpoint is one pass over contiguous memory.
/// </summary>
public sealed class ParameterStore : IDisposable
{
    private readonly Dictionary<string, Parameter> byName = new(StringComparer.Ordinal);
    private readonly ComputeTarget target;
    private readonly DeviceBuffer data;
    private readonly DeviceBuffer gradients;

    /// <param name="specs">Every tensor of the model; a name may occur once.</param>
    /// <param name="trained">Which of them an optimizer moves; statistics never are.</param>
    /// <param name="target">Whose memory they lie in; null for the process's own.</param>
    public ParameterStore(IReadOnlyList<ParameterSpec> specs, Func<ParameterSpec, bool> trained, ComputeTarget? target = null)
    {
        this.target = target ??= ComputeTarget.Host;
        var ordered = specs.Where(s => !s.IsStatistic && trained(s)).ToArray();
        TrainedCount = ordered.Sum(s => s.Shape.Count);
        var all = ordered.Concat(specs.Where(s => s.IsStatistic || !trained(s))).ToArray();
        TotalCount = specs.Where(s => !s.IsStatistic).Sum(s => s.Shape.Count);
        data = target.Allocate(all.Sum(s => s.Shape.Count) * sizeof(float), "parameters");
        gradients = AllocateGradients();
        long offset = 0;
        for (int i = 0; i < all.Length; i++)
        {
            var spec = all[i];
            var gradient = i < ordered.Length ? gradients.View(offset, spec.Shape) : default;
            byName.Add(spec.Name, new Parameter(spec, data.View(offset, spec.Shape), gradient));
            offset += spec.Shape.Count * sizeof(float);
        }

        All = [.. specs.Select(s => byName[s.Name])];
        Trained = [.. ordered.Select(s => byName[s.Name])];
    }

    /// <summary>Every tensor in the model's order.</summary>
    public IReadOnlyList<Parameter> All { get; }

    /// <summary>The trained tensors in the order of their memory.</summary>
    public IReadOnlyList<Parameter> Trained { get; }

    /// <summary>Numbers an optimizer moves.</summary>
    public long TrainedCount { get; }

    /// <summary>Numbers in all, running statistics left out, as published parameter counts are.</summary>
    public long TotalCount { get; }

    /// <summary>Bytes of tensors and gradients.</summary>
    public long Bytes => data.Bytes + gradients.Bytes;

    /// <summary>The trained tensors as one flat tensor.</summary>
    public TensorView TrainedData => data.View(0, FlatShape);

    /// <summary>Their gradients as one flat tensor of the same layout.</summary>
    public TensorView TrainedGradients => gradients.View(0, FlatShape);

    private Shape FlatShape => TrainedCount > 0
        ? new Shape(checked((int)TrainedCount))
        : throw new RobustifyException("optimizer: nothing to train, as every parameter is frozen; unfreeze at least one block or head");

    /// <summary>The tensor of that name.</summary>
    public Parameter this[string name] => byName.TryGetValue(name, out var parameter)
        ? parameter
        : throw new KeyNotFoundException($"the model has no parameter '{name}'");

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>Bytes of the gradients alone: an optimizer's state is a multiple of them.</summary>
    public long GradientBytes => gradients.Bytes;

    /// <summary>Gives every tensor its initial value; a tensor's draws depend on the seed and its name's place in the model alone.</summary>
    public void Initialize(ulong seed)
    {
        for (int i = 0; i < All.Count; i++)
        {
            var (spec, random) = (All[i].Spec, new PhiloxStream(seed, RandomPurpose.Initialization, 0, (uint)i));
            Write(All[i], span => Fill(spec, span, random));
        }
    }

    /// <summary>Copies every tensor that <paramref name="source"/> has too; <paramref name="rename"/> maps a name here to a name there.</summary>
    public void CopyFrom(ParameterStore source, Func<string, string>? rename = null)
    {
        foreach (var parameter in All)
        {
            string name = rename?.Invoke(parameter.Spec.Name) ?? parameter.Spec.Name;
            if (source.byName.TryGetValue(name, out var other))
                CopyTensor(source, other, parameter);
        }
    }

    /// <summary>Whether the tensors lie in the process's own memory, where anybody may write them.</summary>
    internal bool IsOnHost => target.IsHost;

    /// <summary>Replaces a tensor by what <paramref name="fill"/> writes; it may be called with a copy that goes to the device afterwards.</summary>
    internal void Write(Parameter parameter, FloatWriter fill) => target.Write(parameter.Value.View, fill);

    /// <summary>A tensor in host memory, a copy where it lies elsewhere; <paramref name="copies"/> owns the copies.</summary>
    internal TensorView OnHost(Parameter parameter, ICollection<IDisposable> copies) => target.OnHost(parameter.Value.View, copies);

    /// <inheritdoc/>
    public void Dispose()
    {
        data.Dispose();
        gradients.Dispose();
    }

    private void CopyTensor(ParameterStore source, Parameter from, Parameter to)
    {
        var copies = new List<IDisposable>();
        var onHost = source.OnHost(from, copies);
        Write(to, span => onHost.Span.CopyTo(span));
        copies.ForEach(copy => copy.Dispose());
    }

    private DeviceBuffer AllocateGradients()
    {
        try
        {
            return target.Allocate(TrainedCount * sizeof(float), "gradients");
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    private static void Fill(ParameterSpec spec, Span<float> span, PhiloxStream random)
    {
        var shape = spec.Shape;
        int fanIn = (int)(shape.Count / shape[0]);
        switch (spec.Initializer)
        {
            case Initializer.Zeros:
                span.Clear();
                break;
            case Initializer.Ones:
                span.Fill(1);
                break;
            case Initializer.LayerScale:
                span.Fill(1e-6f);
                break;
            case Initializer.TruncatedNormal:
                foreach (ref float x in span)
                    x = (float)(0.02 * TruncatedNormal(random));
                break;
            case Initializer.NormalByWidth:
                foreach (ref float x in span)
                    x = (float)(random.NextNormal() / Math.Sqrt(shape.Columns));
                break;
            case Initializer.UniformByFanIn:
                foreach (ref float x in span)
                    x = (float)((2 * random.NextUniform() - 1) / Math.Sqrt(fanIn));
                break;
            case Initializer.SineCosinePositions:
                FillPositions(span, shape);
                break;
            case Initializer.GlorotUniform:
                double limit = Math.Sqrt(6.0 / (fanIn + shape[0]));
                foreach (ref float x in span)
                    x = (float)(limit * (2 * random.NextUniform() - 1));
                break;
            default:
                double deviation = Math.Sqrt(2.0 / ((double)shape.Count / shape.Columns));
                foreach (ref float x in span)
                    x = (float)(deviation * random.NextNormal());
                break;
        }
    }

    /// <summary>A quarter of the width each for sin and cos of column and row, with wavelengths from 2 pi to 10000 x 2 pi.</summary>
    private static void FillPositions(Span<float> span, Shape shape)
    {
        int width = shape.Columns, quarter = width / 4, side = (int)Math.Sqrt(shape.Rows), first = shape.Rows - side * side;
        span.Clear();
        for (int place = 0; place < side * side; place++)
        {
            var row = span.Slice((first + place) * width, width);
            for (int i = 0; i < quarter; i++)
            {
                double frequency = Math.Pow(10000, -(double)i / quarter);
                double x = place % side * frequency, y = place / side * frequency;
                (row[i], row[quarter + i], row[2 * quarter + i], row[3 * quarter + i]) =
                    ((float)Math.Sin(x), (float)Math.Cos(x), (float)Math.Sin(y), (float)Math.Cos(y));
            }
        }
    }

    private static double TruncatedNormal(PhiloxStream random)
    {
        double draw;
        do
            draw = random.NextNormal();
        while (Math.Abs(draw) > 2);
        return draw;
    }
}
