namespace Robustify.Kernels.Backends;

/// <summary>
/// The operations a device computes, at the granularity of fused kernels. Every operand is a dense view in the device's memory; shapes
/// are checked where the graph is built, so a backend trusts them. <c>accumulate</c> adds to what the destination holds instead of
/// replacing it: the first gradient of a value writes, later ones add, and nothing is ever filled with zeros first.
/// <para>One backend instance is one device and one stream: calls take effect in order. Results do not depend on the worker count.</para>
/// </summary>
public partial interface IBackend : IDisposable
{
    /// <summary>The device in words, for reports: <c>cpu, 2 workers, AVX-512</c>.</summary>
    string Description { get; }
}
