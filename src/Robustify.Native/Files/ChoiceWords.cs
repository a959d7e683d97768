using System.Text;

namespace Robustify.Native.Files;

/// <summary>The members of an enumeration as words for people: in lower case, words joined by hyphens.</summary>
internal static class ChoiceWords
{
    /// <summary>One member's word. A capital before a small letter begins a word, so AdamW stays one.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum
    {
        string name = value.ToString();
        var word = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && i + 1 < name.Length && char.IsLower(name[i + 1]))
                word.Append('-');
            word.Append(char.ToLowerInvariant(name[i]));
        }

        return word.ToString();
    }

    /// <summary>The member that a word stands for; null where none does.</summary>
    public static T? Find<T>(string word)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (Of(value) == word)
                return value;
        }

        return null;
    }

    /// <summary>All words in order.</summary>
    public static string All<T>(string separator)
        where T : struct, Enum => string.Join(separator, Enum.GetValues<T>().Select(Of));
}
