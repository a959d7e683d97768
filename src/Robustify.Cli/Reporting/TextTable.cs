using Spectre.Console;

namespace Robustify.Cli.Reporting;

/// <summary>Tables of plain text, the first column to the left and the numbers to the right.</summary>
internal static class TextTable
{
    // Wide enough for every table here: a table is never broken to fit, so that it reads the same in a file.
    private const int Width = 200;

    /// <summary>Writes a table without colours.</summary>
    public static void Write(TextWriter output, IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        for (int i = 0; i < columns.Count; i++)
            table.AddColumn(new TableColumn(new Text(columns[i])) { Alignment = i == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        foreach (string[] row in rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        // The border leaves blank lines and blanks at line ends, which are noise in a file.
        var drawn = new StringWriter();
        Plain(drawn).Write(table);
        foreach (string line in drawn.ToString().Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0))
            output.WriteLine(line);
        output.WriteLine();
    }

    private static IAnsiConsole Plain(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No,
        });
        console.Profile.Width = Width;
        return console;
    }
}
