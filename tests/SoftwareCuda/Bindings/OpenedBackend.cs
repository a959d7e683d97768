using System.Runtime.InteropServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Kernels;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

/// <summary>The product's backend over a few small kernels, with a cache directory of its own that goes with it.</summary>
internal sealed class OpenedBackend : IDisposable
{
    private const string Source = """
        extern "C" __global__ void scale_f32(const float* x, float* y, float factor, long long n) {
            long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
            if (i < n) y[i] = factor * x[i];
        }
        extern "C" __global__ void increment_f32(float* y, int n) {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) y[i] += 1.0f;
        }
        extern "C" __global__ void reverse_f32(float* y, int n) {
            extern __shared__ float all[];
            for (int i = threadIdx.x; i < n; i += blockDim.x) all[i] = y[i];
            __syncthreads();
            for (int i = threadIdx.x; i < n; i += blockDim.x) y[i] = all[n - 1 - i];
        }
        """;

    private readonly List<DeviceBuffer> buffers = [];
    private readonly bool ownsCache;

    public OpenedBackend(string? cache = null, string source = Source, bool deterministic = false)
    {
        ownsCache = cache is null;
        Cache = cache ?? Directory.CreateTempSubdirectory("robustify-cuda-").FullName;
        var options = new CudaOptions { CacheDirectory = Cache, Say = Said.Add, Deterministic = deterministic };
        Backend = new CudaBackend(CudaLibraries.Load(), options, new KernelProgram(source, Signatures));
    }

    /// <summary>The launch table of the small kernels.</summary>
    public static IReadOnlyDictionary<string, string> Signatures { get; } =
        new Dictionary<string, string> { ["scale_f32"] = "ppfl", ["increment_f32"] = "pi", ["reverse_f32"] = "pi" };

    public CudaBackend Backend { get; }

    public string Cache { get; }

    /// <summary>Progress and warnings.</summary>
    public List<string> Said { get; } = [];

    /// <summary>Device memory with these values, until the backend goes.</summary>
    public TensorView New(params float[] values)
    {
        var buffer = Backend.Allocate(values.Length * sizeof(float), "test");
        buffers.Add(buffer);
        var view = buffer.View(0, new Shape(values.Length));
        Backend.Upload(MemoryMarshal.AsBytes<float>(values), view);
        return view;
    }

    /// <summary>Device memory with these values rounded to bfloat16.</summary>
    public TensorView NewBFloat16(params float[] values)
    {
        var buffer = Backend.Allocate(values.Length * 2, "test");
        buffers.Add(buffer);
        var view = buffer.View(0, new Shape(values.Length), DType.BFloat16);
        Backend.Upload(MemoryMarshal.AsBytes<BFloat16>(values.Select(value => (BFloat16)value).ToArray()), view);
        return view;
    }

    public float[] Read(TensorView view)
    {
        if (view.Type == DType.BFloat16)
        {
            var halves = new BFloat16[view.Shape.Count];
            Backend.Download(view, MemoryMarshal.AsBytes(halves.AsSpan()));
            return [.. halves.Select(value => (float)value)];
        }

        var values = new float[view.Shape.Count];
        Backend.Download(view, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public void Increment(TensorView view) =>
        Backend.Launch("increment_f32", new LaunchGeometry(1, 1, 1, 64), new LaunchCost(8 * view.Shape.Count, view.Shape.Count), view, (int)view.Shape.Count);

    public void Dispose()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
        Backend.Dispose();
        if (ownsCache)
            Directory.Delete(Cache, recursive: true);
    }
}
