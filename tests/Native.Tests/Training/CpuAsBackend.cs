using System.Reflection;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;

namespace Robustify.Native.Tests.Training;

/// <summary>The CPU device as the interface that training takes, whatever other operations it has.</summary>
public class CpuAsBackend : DispatchProxy
{
    private CpuBackend cpu = null!;

    public static IBackend Create()
    {
        var cpu = new CpuBackend(1);
        if ((object)cpu is IBackend whole)
            return whole;
        var proxy = Create<IBackend, CpuAsBackend>();
        ((CpuAsBackend)(object)proxy).cpu = cpu;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? method, object?[]? arguments) =>
        typeof(CpuBackend).GetMethod(method!.Name)!.Invoke(cpu, arguments);
}
