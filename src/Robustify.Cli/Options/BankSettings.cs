using System.CommandLine;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Options;

/// <summary>A bank of augmented versions, and where what frozen parts answer to it is stored.</summary>
internal sealed class BankSettings
{
    private readonly NumberOption<int> versions = new(
        "--augment-bank", "augmented versions of each image, which epochs take in turn; 0 draws anew in every epoch", new(0, null), 0);

    private readonly TextOption cache = new(
        "--trunk-cache", "memory|DIR|none",
        "with --augment-bank: where the outputs of frozen blocks, original and teacher are stored, so that they are computed once; a directory's cache is checked and used again",
        BankOptions.InMemory, () => BankOptions.InMemory);

    private readonly ChoiceOption<Precision> type = new(
        "--trunk-type", "with --augment-bank: fp32, or bf16 to round the frozen blocks' output to and store it in half the room", Precision.Fp32);

    public void AddTo(Command command, RunSettings run) => run.Add(command, versions, cache, type);

    public BankOptions Bind(ParseResult parse) => new()
    {
        Versions = versions.Of(parse), Cache = cache.Of(parse), Stored = type.Of(parse) == Precision.Bf16 ? DType.BFloat16 : DType.Float32,
    };
}
