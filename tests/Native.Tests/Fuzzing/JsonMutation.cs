using System.Text;
using System.Text.Json;
using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>A JSON text with one value replaced, renamed, missing, or there twice; what replaces it need be no JSON.</summary>
internal static class JsonMutation
{
    private static readonly string[] Values =
    [
        "NaN", "-1", "-0", "0", "1", "2", "4", "1.5", "1e0", "1e999", "1e-400", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551616", "99999999999999999999999999", "null", "true", "[]", "{}", "\"\"", "\"..\"", "\"../x\"", "\"/etc/passwd\"", "\"\\ud800\"", "\"\\u0000\"",
        "[0,0]", "[8,4]", "[4,0]", "[1,1,1,1,1,1,1,1,1]", "[4611686018427387904,4]", "[4611686018427387904,4,0]", "[0]", "\"F4\"", "\"I64\"", "\"F64\"", "\"BF16\"", "\"C64\"",
        new string('[', 4000), string.Concat(Enumerable.Repeat("{\"a\":", 500)), "\"" + new string('x', 40_000) + "\"",
    ];

    public static string Of(byte[] json, PhiloxStream draws)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(json);
            root = document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Encoding.UTF8.GetString(Mutation.OfBytes(json, draws)); // What an earlier mutation left is no JSON.
        }

        var all = new List<(string Name, string Value)>();
        Collect(root, "", all);
        var text = new StringBuilder();
        int chosen = draws.NextInteger(0, all.Count), index = 0;
        Write(text, root, "", ref index);
        return text.ToString();

        void Write(StringBuilder to, JsonElement element, string name, ref int number)
        {
            string key = name.Length > 0 ? JsonSerializer.Serialize(name) + ":" : "";
            int start = to.Length;
            bool isChosen = number++ == chosen;
            to.Append(key);
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    to.Append('{');
                    foreach (var property in element.EnumerateObject())
                    {
                        Separate(to, '{');
                        Write(to, property.Value, property.Name, ref number);
                    }

                    to.Append('}');
                    break;
                case JsonValueKind.Array:
                    to.Append('[');
                    foreach (var item in element.EnumerateArray())
                    {
                        Separate(to, '[');
                        Write(to, item, "", ref number);
                    }

                    to.Append(']');
                    break;
                default:
                    to.Append(element.GetRawText());
                    break;
            }

            if (isChosen)
                Change(to, start, key);
        }

        void Change(StringBuilder to, int start, string key)
        {
            string whole = to.ToString(start, to.Length - start);
            to.Length = start;
            switch (draws.NextInteger(0, 8))
            {
                case 0: // missing
                    break;
                case 1: // twice
                    to.Append(whole).Append(',').Append(whole);
                    break;
                case 2 when key.Length > 0: // under another name of the text
                    to.Append(JsonSerializer.Serialize(draws.Choose(all).Name)).Append(':').Append(whole[key.Length..]);
                    break;
                case 3 or 4: // another value of the text
                    to.Append(key).Append(draws.Choose(all).Value);
                    break;
                default:
                    to.Append(key).Append(draws.Choose(Values));
                    break;
            }
        }
    }

    private static void Separate(StringBuilder to, char open)
    {
        if (to[^1] != open)
            to.Append(',');
    }

    private static void Collect(JsonElement element, string name, List<(string Name, string Value)> all)
    {
        all.Add((name, element.GetRawText()));
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
                Collect(property.Value, property.Name, all);
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
                Collect(item, "", all);
        }
    }
}
