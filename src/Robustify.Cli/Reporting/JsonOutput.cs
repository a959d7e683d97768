using System.Text;
using System.Text.Json;

namespace Robustify.Cli.Reporting;

/// <summary>Machine-readable results: one indented object.</summary>
internal static class JsonOutput
{
    /// <summary>Writes the object whole, so that an error on the way leaves stdout empty.</summary>
    public static void Write(TextWriter output, Action<Utf8JsonWriter> properties)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            properties(json);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
