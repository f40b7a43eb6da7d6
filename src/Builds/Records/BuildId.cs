using System.Globalization;

namespace RemoteExec.Builds.Records;

/// <summary>The id of a build as people see it: 16 hexadecimal digits, the same on every server.</summary>
internal static class BuildId
{
    private const int Length = 16;

    /// <summary>The id for a key.</summary>
    public static string Format(long key) => key.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The key for an id; false for what is none.</summary>
    public static bool TryParse(string text, out long key)
    {
        key = 0;
        return text.Length == Length && long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out key);
    }
}
