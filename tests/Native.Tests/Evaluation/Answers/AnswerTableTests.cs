using Robustify.Native.Evaluation.Answers;

namespace Robustify.Native.Tests.Evaluation.Answers;

public sealed class AnswerTableTests : IDisposable
{
    private readonly string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(path);

    [Fact]
    public void NewFileIsMissingAndWrittenRecordsComeBackFromIt()
    {
        using (var table = FileAnswerTable.Open(path, rows: 3, images: 100))
        {
            Assert.False(table.IsComplete(1, 0, 1));
            table.Write(1, 60, [new Answer { Confidence = 0.25f, Predicted = 7, State = AnswerState.Answered }, new Answer { State = AnswerState.Unreadable }]);
        }

        using var again = FileAnswerTable.Open(path, rows: 3, images: 100);
        var answers = new Answer[2];
        again.Read(1, 60, answers);
        Assert.Equal(7, answers[0].Predicted);
        Assert.Equal(0.25f, answers[0].Confidence);
        Assert.True(again.IsComplete(1, 60, 2));
        Assert.False(again.IsComplete(1, 59, 3));
        Assert.Equal([61], UnreadableColumns.Of(again, 1, 100));
    }

    [Fact]
    public void RecordCutOffByAKillIsMissing()
    {
        using (var table = FileAnswerTable.Open(path, 1, 4))
            table.Write(0, 0, [new Answer { State = AnswerState.Answered }]);
        using (var file = File.OpenWrite(path))
        {
            file.Position = Answer.Bytes - 1;
            file.WriteByte(0); // the last byte of the record never came
        }

        using var again = FileAnswerTable.Open(path, 1, 4);
        Assert.False(again.IsComplete(0, 0, 1));
    }

    [Fact]
    public void FileOfAnotherShapeIsEmptied()
    {
        using (var table = FileAnswerTable.Open(path, 1, 4))
            table.Write(0, 0, [new Answer { State = AnswerState.Answered }]);
        using var again = FileAnswerTable.Open(path, 1, 5);
        Assert.False(again.IsComplete(0, 0, 1));
    }
}
