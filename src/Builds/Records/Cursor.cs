using System.Globalization;

namespace RemoteExec.Builds.Records;

/// <summary>Where a page ended, as text that nobody is to look into.</summary>
internal static class Cursor
{
    /// <summary>A cursor of two numbers.</summary>
    public static string Format(long first, long second) => string.Create(CultureInfo.InvariantCulture, $"{first:x16}{second:x16}");

    /// <summary>A cursor of one number.</summary>
    public static string Format(int place) => string.Create(CultureInfo.InvariantCulture, $"{place:x8}");

    /// <summary>The two numbers.</summary>
    /// <exception cref="CursorException">It is none.</exception>
    public static (long First, long Second) ReadPair(string cursor) =>
        cursor.Length == 32 && TryRead(cursor[..16], out long first) && TryRead(cursor[16..], out long second) ? (first, second) : throw new CursorException();

    /// <summary>The one number, not negative.</summary>
    /// <exception cref="CursorException">It is none.</exception>
    public static int ReadPlace(string cursor) => cursor.Length == 8 && TryRead(cursor, out long place) && place <= int.MaxValue ? (int)place : throw new CursorException();

    private static bool TryRead(string digits, out long number) => long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
}
