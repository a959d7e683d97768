using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment;

/// <summary>The pictures of rich structure that PixMix mixes in. Safe to share between threads.</summary>
internal abstract class MixingPictures
{
    /// <summary>Pictures in the set.</summary>
    public abstract int Count { get; }

    /// <summary>Whether all are square, of one size and few enough to lie on a device together.</summary>
    public abstract bool AreAlike { get; }

    /// <summary>A picture of the set, not to be written to; each side at least that of the images it is mixed into.</summary>
    public abstract Image8 this[int index] { get; }
}
