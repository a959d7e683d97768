using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>One operation on random operands of its own, at the size it has in ViT-B/16 or ResNet-50.</summary>
internal sealed class OperationWork(string name, int batch, ComputeTarget target) : DeviceWork(name, batch)
{
    private const int Tokens = 197;
    private const int Width = 768;
    private const int Heads = 12;
    private const int ParametersOfVitBase = 86_567_656;
    private const float Epsilon = 1e-6f;

    private readonly IBackend backend = target.Backend!;
    private readonly DType storage = target.Precision == Precision.Bf16 ? DType.BFloat16 : DType.Float32;
    private readonly List<DeviceBuffer> buffers = [];
    private Action work = static () => { };

    /// <summary>Names this class knows, in the order of reports.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "matmul", "attention.forward", "attention.backward", "layernorm.forward", "layernorm.backward", "convolution.forward",
        "convolution.backward", "adamw",
    ];

    /// <summary>The work of that name.</summary>
    public static OperationWork Create(string name, int batch, ComputeTarget target)
    {
        var made = new OperationWork(name, batch, target);
        made.Build();
        return made;
    }

    /// <inheritdoc/>
    public override void Run() => work();

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
    }

    private void Build() => work = Name switch
    {
        "matmul" => Matmul(),
        "attention.forward" => Attention(backward: false),
        "attention.backward" => Attention(backward: true),
        "layernorm.forward" => LayerNorm(backward: false),
        "layernorm.backward" => LayerNorm(backward: true),
        "convolution.forward" => Convolution(backward: false),
        "convolution.backward" => Convolution(backward: true),
        _ => AdamW(),
    };

    /// <summary>The first layer of the MLP: [tokens, 768] by [3072, 768]ᵀ.</summary>
    private Action Matmul()
    {
        var x = Filled(new Shape(Batch * Tokens, Width));
        var weight = Filled(new Shape(4 * Width, Width), 0.02f);
        var y = Empty(new Shape(Batch * Tokens, 4 * Width));
        return () => backend.Linear(x, weight, default, y, Activation.None, default);
    }

    private Action Attention(bool backward)
    {
        var qkv = Filled(new Shape(Batch, Tokens, 3 * Width));
        var y = Empty(new Shape(Batch, Tokens, Width));
        var logSumExp = Floats(new Shape(Batch, Heads, Tokens));
        if (!backward)
            return () => backend.Attention(qkv, y, logSumExp, Heads);
        var dy = Filled(y.Shape);
        var dqkv = Empty(qkv.Shape);
        backend.Attention(qkv, y, logSumExp, Heads);
        return () => backend.AttentionGradient(dy, qkv, y, logSumExp, dqkv, Heads);
    }

    private Action LayerNorm(bool backward)
    {
        var x = Filled(new Shape(Batch * Tokens, Width));
        var y = Empty(x.Shape);
        TensorView gamma = Floats(new Shape(Width), 1), beta = Floats(new Shape(Width), 1);
        TensorView mean = Floats(new Shape(Batch * Tokens)), reciprocal = Floats(new Shape(Batch * Tokens));
        if (!backward)
            return () => backend.LayerNorm(x, gamma, beta, y, mean, reciprocal, Epsilon);
        backend.LayerNorm(x, gamma, beta, y, mean, reciprocal, Epsilon);
        var dy = Filled(x.Shape);
        var dx = Empty(x.Shape);
        TensorView dgamma = Floats(new Shape(Width)), dbeta = Floats(new Shape(Width));
        return () =>
        {
            backend.LayerNormInputGradient(dy, x, gamma, mean, reciprocal, dx, accumulate: false);
            backend.LayerNormParameterGradient(dy, x, mean, reciprocal, dgamma, dbeta, accumulate: false);
        };
    }

    /// <summary>The 3x3 convolution of ResNet-50's second stage: 28 x 28 positions, 128 channels.</summary>
    private Action Convolution(bool backward)
    {
        var geometry = new ConvolutionGeometry(3, 1, 1);
        var x = Filled(new Shape(Batch, 28, 28, 128));
        var weight = Filled(new Shape(128, 3, 3, 128), 0.03f);
        var y = Filled(x.Shape);
        if (!backward)
            return () => backend.Convolution(x, weight, y, geometry);
        var dx = Empty(x.Shape);
        var dweight = Floats(weight.Shape);
        return () =>
        {
            backend.ConvolutionInputGradient(y, weight, dx, geometry, accumulate: false);
            backend.ConvolutionWeightGradient(y, x, dweight, geometry, accumulate: false);
        };
    }

    /// <summary>An update of as many parameters as ViT-B/16 has for a batch of 256, fewer for a smaller one.</summary>
    private Action AdamW()
    {
        var shape = new Shape((int)Math.Max(1, (long)ParametersOfVitBase * Math.Min(Batch, 256) / 256));
        TensorView x = Floats(shape, 1), gradient = Floats(shape, 1), first = Floats(shape), second = Floats(shape);
        var constants = Floats(new Shape(OptimizerConstants.Floats));
        var values = OptimizerConstants.ForAdamW(1e-4f, 0.9f, 0.999f, 1);
        backend.Upload<float>([values.Rate, values.AdamStepSize, values.AdamRootScale, values.FirstStep], constants);
        var options = new AdamWStepOptions(0.9f, 0.999f, 1e-8f, 0.05f);
        return () => backend.AdamWStep(x, gradient, first, second, constants, default, options);
    }

    /// <summary>Activations that hold draws.</summary>
    private TensorView Filled(Shape shape, float scale = 1)
    {
        var floats = Floats(shape, scale);
        if (storage == DType.Float32)
            return floats;
        var rounded = Empty(shape);
        backend.Cast(floats, rounded, accumulate: false);
        return rounded;
    }

    /// <summary>Activations to be written.</summary>
    private TensorView Empty(Shape shape) => Take(shape, storage);

    /// <summary>Float32 whatever the precision is: zeros, or draws times <paramref name="scale"/>.</summary>
    private TensorView Floats(Shape shape, float scale = 0)
    {
        var view = Take(shape, DType.Float32);
        if (scale != 0)
            RandomContent.Fill(backend, view, scale);
        return view;
    }

    private TensorView Take(Shape shape, DType type)
    {
        var buffer = backend.Allocate(shape.Count * type.Size(), Name);
        buffers.Add(buffer);
        return buffer.View(0, shape, type);
    }
}
