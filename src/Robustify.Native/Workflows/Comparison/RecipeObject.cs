using System.Globalization;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>
/// One object of a recipe. Every property is read by name with its range and default; what was read is remembered with its resolved value,
/// and what nobody read is refused, so a misspelt option never goes unnoticed. Errors name the place as <c>$.schemes[2].epochs</c>.
/// </summary>
internal sealed class RecipeObject
{
    private readonly JsonElement element;
    private readonly string file;
    private readonly HashSet<string> read = new(StringComparer.Ordinal);
    private readonly RecipeObject? defaults;

    private RecipeObject(string file, string path, JsonElement element, RecipeObject? defaults)
    {
        (this.file, Path, this.element, this.defaults) = (file, path, element, defaults);
        if (element.ValueKind != JsonValueKind.Object)
            throw Refuse(path, $"{Shown(element)} found, an object expected");
    }

    /// <summary>Its place in the file.</summary>
    public string Path { get; }

    /// <summary>Every option that was read and its value, the default where it was left out.</summary>
    public SortedDictionary<string, string> Resolved { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a file.</summary>
    /// <exception cref="RobustifyException">It cannot be read or holds no JSON object.</exception>
    public static RecipeObject Open(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            return new(OneLine.Of(file, 400), "$", document.RootElement.Clone(), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RobustifyException($"{OneLine.Of(file, 400)}: cannot be read ({OneLine.Of(e.Message, 200)}); name a recipe, a JSON file as docs/compare.md describes it", e);
        }
        catch (JsonException e)
        {
            throw new RobustifyException($"{OneLine.Of(file, 400)}: no JSON ({OneLine.Of(e.Message, 200)}); mend the recipe", e);
        }
    }

    /// <summary>Whether the property is there, here or among the defaults.</summary>
    public bool Has(string name) => Find(name, out _) is not null;

    /// <summary>A text; <paramref name="standard"/> where it is left out, and required where that is null.</summary>
    public string Text(string name, string? standard)
    {
        string? value = OptionalText(name) ?? standard;
        if (value is null)
            throw Refuse($"{Path}.{name}", "nothing found, a text expected");
        Resolved[name] = value;
        return value;
    }

    /// <summary>A text; null where it is left out.</summary>
    public string? OptionalText(string name)
    {
        if (Find(name, out string place) is not { } found)
            return null;
        string text = found.ValueKind == JsonValueKind.String ? found.GetString()! : throw Refuse(place, $"{Shown(found)} found, a text expected");
        if (string.IsNullOrWhiteSpace(text) || text.Contains('\0'))
            throw Refuse(place, "an empty text found, a name expected");
        return Resolved[name] = text;
    }

    /// <summary>A whole number.</summary>
    public int Whole(string name, int standard, int low, int high = int.MaxValue) => OptionalWhole(name, low, high) ?? Resolve(name, standard);

    /// <summary>A whole number; null where it is left out.</summary>
    public int? OptionalWhole(string name, int low, int high = int.MaxValue) =>
        Find(name, out string place) is { } found ? Resolve(name, WholeOf(found, place, low, high)) : null;

    /// <summary>A seed.</summary>
    public ulong Seed(string name, ulong standard)
    {
        ulong seed = Find(name, out string place) is { } found ? SeedOf(found, place) : standard;
        Resolved[name] = seed.ToString(CultureInfo.InvariantCulture);
        return seed;
    }

    /// <summary>A number within closed bounds, but for <paramref name="highOpen"/>.</summary>
    public double Number(string name, double standard, double low, double high, bool lowOpen = false, bool highOpen = false)
    {
        double value = Find(name, out string place) is { } found ? NumberOf(found, place, low, high, lowOpen, highOpen) : standard;
        Resolved[name] = value.ToString("R", CultureInfo.InvariantCulture);
        return value;
    }

    /// <summary>A number; null where it is left out.</summary>
    public double? OptionalNumber(string name, double low, double high, bool lowOpen = false) =>
        Has(name) ? Number(name, low, low, high, lowOpen) : null;

    /// <summary>A number in single precision.</summary>
    public float Single(string name, float standard, double low, double high, bool lowOpen = false, bool highOpen = false)
    {
        float value = Find(name, out string place) is { } found ? (float)NumberOf(found, place, low, high, lowOpen, highOpen) : standard;
        Resolved[name] = value.ToString("R", CultureInfo.InvariantCulture);
        return value;
    }

    /// <summary>true or false.</summary>
    public bool Flag(string name, bool standard)
    {
        bool value = Find(name, out string place) is not { } found
            ? standard
            : found.ValueKind is JsonValueKind.True or JsonValueKind.False ? found.GetBoolean() : throw Refuse(place, $"{Shown(found)} found, true or false expected");
        Resolved[name] = value ? "true" : "false";
        return value;
    }

    /// <summary>A member of an enumeration by its word on the command line.</summary>
    public T Choice<T>(string name, T standard)
        where T : struct, Enum
    {
        var value = Find(name, out string place) is { } found ? ChoiceOf<T>(found, place) : standard;
        Resolved[name] = ChoiceWords.Of(value);
        return value;
    }

    /// <summary>The same; null where it is left out.</summary>
    public T? OptionalChoice<T>(string name)
        where T : struct, Enum => Has(name) ? Choice(name, default(T)) : null;

    /// <summary>A list; <paramref name="standard"/> where it is left out. A value that stands alone is a list of one.</summary>
    public IReadOnlyList<T> List<T>(string name, IReadOnlyList<T> standard, Func<JsonElement, string, T> one)
    {
        IReadOnlyList<T> values = Find(name, out string place) switch
        {
            null => standard,
            { ValueKind: JsonValueKind.Array } array => [.. array.EnumerateArray().Select((item, i) => one(item, Index(place, i)))],
            { } single => [one(single, place)],
        };
        Resolved[name] = string.Join(",", values.Select(v => Convert.ToString(v, CultureInfo.InvariantCulture)));
        return values;
    }

    /// <summary>An object inside this one; null where it is left out.</summary>
    public RecipeObject? Object(string name) => Find(name, out string place) is { } found ? new(file, place, found, null) : null;

    /// <summary>A list of objects, each with defaults of its own kind to fall back on.</summary>
    public IReadOnlyList<RecipeObject> Objects(string name, RecipeObject? defaults)
    {
        if (Find(name, out string place) is not { } found)
            throw Refuse($"{Path}.{name}", "nothing found, a list expected");
        return found.ValueKind == JsonValueKind.Array
            ? [.. found.EnumerateArray().Select((item, i) => new RecipeObject(file, Index(place, i), item, defaults))]
            : throw Refuse(place, $"{Shown(found)} found, a list expected");
    }

    /// <summary>The same object with some properties replaced, as a recipe that had them so.</summary>
    /// <param name="replaced">New values by name.</param>
    /// <param name="place">What errors in it name.</param>
    public RecipeObject With(IReadOnlyDictionary<string, JsonElement> replaced, string place)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            foreach (var property in element.EnumerateObject().Where(p => !replaced.ContainsKey(p.Name)))
                property.WriteTo(json);
            foreach (var (name, value) in replaced)
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }

            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(text.ToArray());
        return new(file, place, document.RootElement.Clone(), defaults);
    }

    /// <summary>Names of the properties, in the file's order.</summary>
    public IEnumerable<string> Names => element.EnumerateObject().Select(p => p.Name);

    /// <summary>Refuses what nobody asked for.</summary>
    /// <exception cref="RobustifyException">Names the property and those that are known here.</exception>
    public void RequireNothingElse()
    {
        foreach (string name in Names)
        {
            if (!read.Contains(name))
                throw Refuse($"{Path}.{OneLine.Of(name)}", $"is unknown; known here are {string.Join(", ", read.Order(StringComparer.Ordinal))}");
        }
    }

    /// <summary>The error at this object or at one of its properties.</summary>
    public RobustifyException Refuse(string place, string what) => new($"{file}: {place}: {what}");

    /// <summary>A whole number within bounds.</summary>
    public int WholeOf(JsonElement value, string place, int low, int high) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= low && number <= high
            ? number
            : throw Refuse(place, $"{Shown(value)} found, a whole number of {(high == int.MaxValue ? $"at least {low}" : $"{low}..{high}")} expected");

    /// <summary>A seed: a whole number of at least 0.</summary>
    public ulong SeedOf(JsonElement value, string place) => value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number)
        ? number
        : throw Refuse(place, $"{Shown(value)} found, a whole number of at least 0 expected");

    /// <summary>A finite number within bounds.</summary>
    public double NumberOf(JsonElement value, string place, double low, double high, bool lowOpen = false, bool highOpen = false)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && (lowOpen ? number > low : number >= low) && (highOpen ? number < high : number <= high))
            return number;
        string range = string.Create(CultureInfo.InvariantCulture, $"a number {(lowOpen ? "above" : "of at least")} {low} and {(highOpen ? "below" : "at most")} {high}");
        throw Refuse(place, $"{Shown(value)} found, {range} expected");
    }

    /// <summary>A text.</summary>
    public string TextOf(JsonElement value, string place) => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
        ? text
        : throw Refuse(place, $"{Shown(value)} found, a text expected");

    /// <summary>A member of an enumeration.</summary>
    public T ChoiceOf<T>(JsonElement value, string place)
        where T : struct, Enum => value.ValueKind == JsonValueKind.String && ChoiceWords.Find<T>(value.GetString()!) is { } member
            ? member
            : throw Refuse(place, $"{Shown(value)} found, one of {ChoiceWords.All<T>(", ")} expected");

    private static string Index(string place, int index) => string.Create(CultureInfo.InvariantCulture, $"{place}[{index}]");

    private static string Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => OneLine.Of(value.GetRawText(), 60),
    };

    private int Resolve(string name, int value)
    {
        Resolved[name] = value.ToString(CultureInfo.InvariantCulture);
        return value;
    }

    private JsonElement? Find(string name, out string place)
    {
        read.Add(name);
        defaults?.read.Add(name);
        place = $"{Path}.{name}";
        if (element.TryGetProperty(name, out var found))
            return found.ValueKind == JsonValueKind.Null ? null : found;
        return defaults?.Find(name, out place);
    }
}
