namespace Robustify.Native.Evaluation.Answers;

/// <summary>How one image stands in one row of an <see cref="AnswerTable"/>.</summary>
internal enum AnswerState : byte
{
    /// <summary>Not looked at yet; what a new table holds.</summary>
    Missing,

    /// <summary>The model has answered.</summary>
    Answered,

    /// <summary>The image could not be read; it counts in no metric and is listed.</summary>
    Unreadable,

    /// <summary>The image's class is not in the row's label space.</summary>
    Excluded,
}
