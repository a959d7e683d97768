using System.Runtime.InteropServices;
using System.Text;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Kernels.Cuda.Cublas;

/// <summary>
/// Algorithms chosen by timing, in a file beside the compiled kernels: one line a shape, its key and the algorithm's bytes. The file is named
/// by device and library version, because an algorithm means something to that version alone.
/// </summary>
internal sealed class MatmulChoices
{
    private readonly KernelCache cache;
    private readonly string name;
    private readonly SortedDictionary<string, MatmulAlgorithm> chosen = new(StringComparer.Ordinal);
    private bool hasChanged;

    public MatmulChoices(KernelCache cache, string device, long version)
    {
        this.cache = cache;
        name = KernelCache.NameOf(".matmul", device, $"cublasLt {version}");
        if (cache.Read(name) is { } file)
            Parse(Encoding.ASCII.GetString(file));
    }

    /// <summary>The algorithm kept for a shape.</summary>
    public bool TryGet(string key, out MatmulAlgorithm algorithm) => chosen.TryGetValue(key, out algorithm);

    /// <summary>Keeps an algorithm for a shape.</summary>
    public void Set(string key, MatmulAlgorithm algorithm)
    {
        chosen[key] = algorithm;
        hasChanged = true;
    }

    /// <summary>Writes the file where something was added.</summary>
    public void Save()
    {
        if (!hasChanged)
            return;
        hasChanged = false;
        var text = new StringBuilder();
        foreach (var (key, value) in chosen)
        {
            var algorithm = value;
            text.Append(key).Append(' ').Append(Convert.ToHexStringLower(MemoryMarshal.AsBytes((Span<ulong>)algorithm))).Append('\n');
        }

        cache.Write(name, Encoding.ASCII.GetBytes(text.ToString()));
    }

    private void Parse(string text)
    {
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            MatmulAlgorithm algorithm = default;
            var bytes = MemoryMarshal.AsBytes((Span<ulong>)algorithm);
            int space = line.IndexOf(' ');
            if (space > 0 && line.Length - space - 1 == 2 * bytes.Length
                && Convert.FromHexString(line.AsSpan(space + 1), bytes, out _, out _) == System.Buffers.OperationStatus.Done)
            {
                chosen[line[..space]] = algorithm;
            }
        }
    }
}
