using System.Runtime.InteropServices;

namespace Robustify.Native.Evaluation.Answers;

/// <summary>
/// All that the metrics need of one model's answer to one image, 20 bytes. The state stands last: a record cut off by a kill is a missing
/// one, so it is made again and never counted twice.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct Answer
{
    /// <summary>Bytes of a record in a file.</summary>
    public const int Bytes = 20;

    /// <summary>No head was chosen: a plain classifier, or a mixture of heads.</summary>
    public const byte NoHead = 255;

    /// <summary>Probability of the predicted class, 0..1.</summary>
    public float Confidence;

    /// <summary>-ln of the label's probability, in nats; at most 87.4, where a float ends.</summary>
    public float NegativeLogLikelihood;

    /// <summary>Sum over classes of (probability - one-hot)^2, 0..2.</summary>
    public float Brier;

    /// <summary>Most probable class in the row's label space; of equal ones the lowest.</summary>
    public ushort Predicted;

    /// <summary>Classes placed before the label, at most 255; 0 is a right answer. Of equal classes the lower stands first.</summary>
    public byte LabelRank;

    /// <summary>Number of the head that answered, or <see cref="NoHead"/>.</summary>
    public byte Head;

    /// <summary>Bit s is set where selector s was right.</summary>
    public ushort Selectors;

    /// <summary>1 where the answer over all of the model's classes is right, without the mask of the suite.</summary>
    public byte UnmaskedCorrect;

    /// <summary>How the image stands.</summary>
    public AnswerState State;

    /// <summary>Whether the most probable class is the label.</summary>
    public readonly bool IsCorrect => LabelRank == 0;
}
