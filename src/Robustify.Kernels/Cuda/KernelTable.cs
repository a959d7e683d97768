using System.Collections.Frozen;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// The launch table: every kernel's name and the kinds of its parameters in order, one letter each (p pointer, i 32-bit integer, l 64-bit
/// integer, f float). The gate checks every launch against it, which costs nanoseconds; a test holds it against the signatures in the sources, so a
/// parameter that drifted fails without a device. One file of the partial class for each section.
/// </summary>
internal static partial class KernelTable
{
    /// <summary>Kernel name to parameter letters.</summary>
    public static FrozenDictionary<string, string> Signatures { get; } = Sections().SelectMany(section => section)
        .ToFrozenDictionary(kernel => kernel.Name, kernel => kernel.Parameters, StringComparer.Ordinal);

    /// <summary>The most parameters a kernel has; the gate keeps room for so many on its stack.</summary>
    public const int MaximumParameters = 48;

    /// <summary>Throws unless a launch passes what the table says.</summary>
    /// <param name="kernel">The kernel's name, for the message.</param>
    /// <param name="parameters">Its letters.</param>
    /// <param name="arguments">What is passed.</param>
    /// <exception cref="ArgumentException">The number or kind of an argument differs.</exception>
    public static void Verify(string kernel, string parameters, ReadOnlySpan<KernelArgument> arguments)
    {
        if (parameters.Length != arguments.Length)
            throw new ArgumentException($"kernel {kernel}: {arguments.Length} arguments given, {parameters.Length} expected ({parameters})");
        for (int i = 0; i < arguments.Length; i++)
        {
            if (Letter(arguments[i].Kind) != parameters[i])
                throw new ArgumentException($"kernel {kernel}: argument {i} is of kind {Letter(arguments[i].Kind)}, {parameters[i]} expected ({parameters})");
        }
    }

    private static char Letter(KernelArgumentKind kind) => kind switch
    {
        KernelArgumentKind.Pointer => 'p',
        KernelArgumentKind.Integer32 => 'i',
        KernelArgumentKind.Integer64 => 'l',
        _ => 'f',
    };

    /// <summary>A kernel instantiated for both storage types, under <c>name_f32</c> and <c>name_bf16</c>.</summary>
    private static KernelSignature[] Both(string name, string parameters) => [new($"{name}_f32", parameters), new($"{name}_bf16", parameters)];
}

/// <summary>One line of the launch table.</summary>
internal readonly record struct KernelSignature(string Name, string Parameters);
