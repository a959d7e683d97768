namespace Robustify.Native.Augment.Operations;

/// <summary>Where an operation's level is drawn from, uniformly; levels run to 10.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end; equal to the lower one for a fixed level.</param>
public readonly record struct LevelRange(double Low, double High)
{
    /// <summary>The published lower end.</summary>
    public const double Lowest = 0.1;

    /// <summary>U(0.1, severity), as published.</summary>
    public static implicit operator LevelRange(double severity) => new(Lowest, severity);
}
