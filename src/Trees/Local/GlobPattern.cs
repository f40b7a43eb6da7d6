namespace RemoteExec.Trees.Local;

/// <summary>
/// A pattern for paths as <c>.gitignore</c> has them: <c>*</c> and <c>?</c> stay within a segment, <c>**</c> as a segment is any number of them, <c>[a-z]</c> and <c>[!a-z]</c> are one character
/// each, a backslash takes away what the next character means. Matching takes no more than the product of both lengths in steps, whatever the pattern.
/// </summary>
internal sealed class GlobPattern
{
    private readonly string[] segments;

    /// <summary>Reads a pattern, without slashes at its ends.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="isAnchored">True if it is about the whole path; else it may begin with any segment.</param>
    public GlobPattern(string pattern, bool isAnchored)
    {
        string[] own = pattern.Split('/');
        segments = isAnchored ? own : ["**", .. own];
    }

    /// <summary>True if it fits a path, all of it.</summary>
    public bool Matches(string path)
    {
        string[] names = path.Split('/');
        int pattern = 0, name = 0, lastMany = -1, retry = 0;
        while (name < names.Length)
        {
            if (pattern < segments.Length && segments[pattern] == "**")
            {
                if (pattern == segments.Length - 1)
                    return true; // at the end it stands for at least one
                (lastMany, retry) = (pattern++, name);
            }
            else if (pattern < segments.Length && MatchesSegment(segments[pattern], names[name]))
            {
                pattern++;
                name++;
            }
            else if (lastMany >= 0)
            {
                pattern = lastMany + 1;
                name = ++retry;
            }
            else
            {
                return false;
            }
        }

        return pattern == segments.Length;
    }

    private static bool MatchesSegment(string pattern, string name)
    {
        int at = 0, character = 0, lastStar = -1, retry = 0;
        while (character < name.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (lastStar, retry) = (at++, character);
            }
            else if (at < pattern.Length && MatchesOne(pattern, at, name[character], out int next))
            {
                at = next;
                character++;
            }
            else if (lastStar >= 0)
            {
                at = lastStar + 1;
                character = ++retry;
            }
            else
            {
                return false;
            }
        }

        while (at < pattern.Length && pattern[at] == '*')
            at++;
        return at == pattern.Length;
    }

    private static bool MatchesOne(string pattern, int at, char character, out int next)
    {
        next = at + 1;
        switch (pattern[at])
        {
            case '?':
                return true;
            case '\\' when at + 1 < pattern.Length:
                next = at + 2;
                return pattern[at + 1] == character;
            case '[' when EndOfSet(pattern, at) is int end and > 0:
                next = end + 1;
                return IsInSet(pattern.AsSpan((at + 1)..end), character);
            default:
                return pattern[at] == character;
        }
    }

    // A bracket right after the opening one, or its negation, is a member of the set.
    private static int EndOfSet(string pattern, int at)
    {
        int first = at + 1 < pattern.Length && pattern[at + 1] is '!' or '^' ? at + 2 : at + 1;
        return first + 1 <= pattern.Length ? pattern.IndexOf(']', Math.Min(first + 1, pattern.Length)) : -1;
    }

    private static bool IsInSet(ReadOnlySpan<char> set, char character)
    {
        bool isNegated = set[0] is '!' or '^';
        set = isNegated ? set[1..] : set;
        bool isIn = false;
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                isIn |= character >= set[i] && character <= set[i + 2];
                i += 2;
            }
            else
            {
                isIn |= set[i] == character;
            }
        }

        return isIn != isNegated;
    }
}
