namespace Robustify.Native.Workflows.Profiling;

/// <summary>Something a device does again and again: a step of a model, or one operation at the size it has there.</summary>
internal abstract class DeviceWork(string name, int batch) : IDisposable
{
    /// <summary>As the command line has it: <c>vit_base_patch16_224.train</c>, <c>attention.forward</c>.</summary>
    public string Name => name;

    /// <summary>Images that one run stands for.</summary>
    public int Batch => batch;

    /// <summary>Whether a call leaves nothing for the host to do, so that it can be captured and replayed.</summary>
    public virtual bool CanBeCaptured => true;

    /// <summary>Queues the work once. Every call does the same.</summary>
    public abstract void Run();

    /// <inheritdoc/>
    public abstract void Dispose();
}
