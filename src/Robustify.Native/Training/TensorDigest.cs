using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Robustify.Native.Graph;

namespace Robustify.Native.Training;

/// <summary>A digest of tensors, to tell whether they are the same ones.</summary>
internal static class TensorDigest
{
    /// <summary>SHA-256 over names, shapes and values of the store's tensors that <paramref name="wanted"/> chooses, in hexadecimal.</summary>
    public static string Of(ParameterStore parameters, Func<Parameter, bool> wanted)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var copies = new List<IDisposable>();
        foreach (var parameter in parameters.All.Where(wanted))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{parameter.Spec.Name} {parameter.Spec.Shape}\n"));
            hash.AppendData(MemoryMarshal.AsBytes(parameters.OnHost(parameter, copies).Span));
            copies.ForEach(copy => copy.Dispose());
            copies.Clear();
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of the tensors that training leaves as they are.</summary>
    public static string OfFrozen(ParameterStore parameters) => Of(parameters, p => p.Gradient is null && !p.Spec.IsStatistic);
}
