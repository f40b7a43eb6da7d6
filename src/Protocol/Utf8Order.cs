using System.Runtime.CompilerServices;

namespace RemoteExec.Protocol;

/// <summary>
/// The order of strings by their UTF-8 bytes, in which the REAPI sorts names (DIR-03). .NET's ordinal order differs from it: it
/// puts U+E000 to U+FFFF behind the characters that need a surrogate pair.
/// </summary>
public sealed class Utf8Order : IComparer<string>
{
    private Utf8Order()
    {
    }

    /// <summary>The only one.</summary>
    public static Utf8Order Instance { get; } = new();

    /// <summary>Negative, zero or positive, as the first string sorts before, with or behind the second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> left = x, right = y;
        int same = left.CommonPrefixLength(right);
        return same == left.Length || same == right.Length ? left.Length.CompareTo(right.Length) : Rank(left[same]).CompareTo(Rank(right[same]));
    }

    // A surrogate stands for a character above U+FFFF, so it ranks behind all that stand for themselves.
    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
