using System.CommandLine;
using Robustify.Kernels.Backends;

namespace Robustify.Cli.Options;

/// <summary>The option that says what a CLIP model's tensors do not.</summary>
internal static class ActivationOption
{
    /// <summary>The option.</summary>
    public static ChoiceOption<Activation> Create() => new(
        "--activation", "activation of a CLIP model: quick-gelu in OpenAI's, gelu in most others; none to tell it from the configuration beside the file",
        Activation.None);

    /// <summary>What was given; null for none.</summary>
    public static Activation? Of(ChoiceOption<Activation> option, ParseResult parse) => option.Of(parse) is Activation.None ? null : option.Of(parse);
}
