namespace Robustify.Native.Graph;

/// <summary>What a part of a training run's time goes into.</summary>
public enum WorkPhase
{
    /// <summary>Whatever a step computes that no other phase names: trained blocks, heads, losses, and their gradients.</summary>
    Tail,

    /// <summary>Blocks before the first trained one.</summary>
    FrozenTrunk,

    /// <summary>The original model's own blocks, whose answers are targets.</summary>
    Original,

    /// <summary>The teacher.</summary>
    Teacher,

    /// <summary>Clipping and the optimizer.</summary>
    Update,

    /// <summary>A whole step where it runs as one piece on a device.</summary>
    Step,

    /// <summary>Reading and decoding images, on the loader's threads.</summary>
    Decode,

    /// <summary>Cropping, mixing and normalising them, on the loader's threads.</summary>
    Augment,

    /// <summary>Waiting for the loader.</summary>
    Wait,
}
