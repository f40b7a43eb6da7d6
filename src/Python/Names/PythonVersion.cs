using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace RemoteExec.Python.Names;

/// <summary>A version as PEP 440 has them: read in all spellings that it allows, written in the one that is normal, and in its order.</summary>
public sealed partial class PythonVersion : IComparable<PythonVersion>, IEquatable<PythonVersion>
{
    private const int MaxLength = 200;
    private readonly BigInteger epoch;
    private readonly BigInteger[] release;
    private readonly (string Letter, BigInteger Number)? pre;
    private readonly BigInteger? post;
    private readonly BigInteger? dev;
    private readonly string[] local;

    private PythonVersion(Match match)
    {
        epoch = Number(match, "epoch") ?? 0;
        release = [.. match.Groups["release"].Value.Split('.').Select(part => BigInteger.Parse(part, CultureInfo.InvariantCulture))];
        pre = match.Groups["pre"].Success ? (LetterOf(match.Groups["letter"].Value.ToLowerInvariant()), Number(match, "prenumber") ?? 0) : null;
        post = match.Groups["post"].Success ? Number(match, "postnumber") ?? 0 : null;
        dev = match.Groups["dev"].Success ? Number(match, "devnumber") ?? 0 : null;
        local = match.Groups["local"].Success ? [.. match.Groups["local"].Value.ToLowerInvariant().Split('.', '-', '_').Select(NormalSegment)] : [];
    }

    /// <summary>What stands behind the <c>+</c>; empty for nothing.</summary>
    public string Local => string.Join('.', local);

    /// <summary>Reads a version; null if it is none.</summary>
    public static PythonVersion? TryParse(string text) => text.Length <= MaxLength && Form().Match(text) is { Success: true } match ? new PythonVersion(match) : null;

    /// <summary>The same with more behind its <c>+</c>.</summary>
    /// <param name="segments">Letters and digits, with dots between.</param>
    /// <exception cref="PythonIndexException">It would be no version, or one that is too long.</exception>
    public PythonVersion WithLocal(string segments)
    {
        string text = local.Length == 0 ? $"{this}+{segments}" : $"{this}.{segments}";
        return TryParse(text) ?? throw new PythonIndexException($"'{text}' is no version: behind the + stand letters and digits, with dots between");
    }

    /// <summary>The same with nothing behind a <c>+</c>.</summary>
    public PythonVersion WithoutLocal() => local.Length == 0 ? this : TryParse(ToString()[..^(Local.Length + 1)])!;

    /// <inheritdoc/>
    public int CompareTo(PythonVersion? other)
    {
        if (other is null)
            return 1;
        int order = epoch.CompareTo(other.epoch);
        for (int i = 0; order == 0 && i < Math.Max(release.Length, other.release.Length); i++)
            order = release.ElementAtOrDefault(i).CompareTo(other.release.ElementAtOrDefault(i));
        if (order == 0)
            order = PreRank.CompareTo(other.PreRank);
        if (order == 0 && pre is { } mine && other.pre is { } theirs)
            order = mine.Number.CompareTo(theirs.Number);
        if (order == 0)
            order = (post ?? -1).CompareTo(other.post ?? -1);
        if (order == 0)
            order = dev is null || other.dev is null ? (dev is null).CompareTo(other.dev is null) : dev.Value.CompareTo(other.dev.Value);
        return order == 0 ? CompareLocal(other) : order;
    }

    /// <inheritdoc/>
    public bool Equals(PythonVersion? other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PythonVersion);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(epoch, release[0], pre, post, dev, Local);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (!epoch.IsZero)
            text.Append(CultureInfo.InvariantCulture, $"{epoch}!");
        text.AppendJoin('.', release);
        if (pre is var (letter, number))
            text.Append(CultureInfo.InvariantCulture, $"{letter}{number}");
        if (post is not null)
            text.Append(CultureInfo.InvariantCulture, $".post{post}");
        if (dev is not null)
            text.Append(CultureInfo.InvariantCulture, $".dev{dev}");
        return local.Length == 0 ? text.ToString() : text.Append('+').AppendJoin('.', local).ToString();
    }

    // What is developed towards a release comes before what precedes it, and that before itself.
    private int PreRank => pre is var (letter, _) ? letter[0] : dev is not null && post is null ? 0 : int.MaxValue;

    private int CompareLocal(PythonVersion other)
    {
        for (int i = 0; i < Math.Min(local.Length, other.local.Length); i++)
        {
            bool isNumber = char.IsAsciiDigit(local[i][^1]) && local[i].All(char.IsAsciiDigit), isOtherNumber = other.local[i].All(char.IsAsciiDigit);
            int order = isNumber != isOtherNumber ? isNumber.CompareTo(isOtherNumber) // numbers are later than words
                : isNumber ? BigInteger.Parse(local[i], CultureInfo.InvariantCulture).CompareTo(BigInteger.Parse(other.local[i], CultureInfo.InvariantCulture))
                : string.CompareOrdinal(local[i], other.local[i]);
            if (order != 0)
                return order;
        }

        return local.Length.CompareTo(other.local.Length);
    }

    private static string NormalSegment(string segment) => segment.All(char.IsAsciiDigit) ? BigInteger.Parse(segment, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : segment;

    private static string LetterOf(string word) => word switch
    {
        "alpha" or "a" => "a",
        "beta" or "b" => "b",
        _ => "rc",
    };

    private static BigInteger? Number(Match match, string group) =>
        match.Groups[group] is { Success: true, Length: > 0 } found ? BigInteger.Parse(found.Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(
        """
        ^\s*v?
        (?:(?<epoch>[0-9]+)!)?
        (?<release>[0-9]+(?:\.[0-9]+)*)
        (?<pre>[-_.]?(?<letter>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?<prenumber>[0-9]*))?
        (?<post>-(?<postnumber>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?<postnumber>[0-9]*))?
        (?<dev>[-_.]?dev[-_.]?(?<devnumber>[0-9]*))?
        (?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?
        \s*$
        """, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Form();
}
