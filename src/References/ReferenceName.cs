using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.References;

/// <summary>
/// The name of a reference: segments of letters, digits and <c>. _ + -</c>, with slashes between, none of which begins with a dot. Without an <c>@</c> it is a head, which can be moved;
/// <c>HEAD@REVISION</c> is a tag, which never is. One that came to be is valid.
/// </summary>
public readonly struct ReferenceName : IEquatable<ReferenceName>
{
    /// <summary>How long a name may be, in characters.</summary>
    public const int MaxLength = 255;

    private readonly string value;

    private ReferenceName(string value) => this.value = value;

    /// <summary>The name as it is written.</summary>
    public string Value => value ?? "";

    /// <summary>True if it can't be moved.</summary>
    public bool IsTag => Value.Contains('@', StringComparison.Ordinal);

    /// <summary>The head that a tag belongs to; a head itself.</summary>
    public ReferenceName Head => IsTag ? new ReferenceName(Value[..Value.IndexOf('@', StringComparison.Ordinal)]) : this;

    /// <summary>Reads a name; on failure <paramref name="error"/> says in a sentence what is wrong.</summary>
    public static bool TryParse(string text, out ReferenceName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        error = ProblemOf(text);
        if (error is null)
            name = new ReferenceName(text);
        return error is null;
    }

    /// <inheritdoc/>
    public bool Equals(ReferenceName other) => string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReferenceName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static string? ProblemOf(string text)
    {
        if (text.Length is 0 or > MaxLength)
            return $"a reference has a name of 1 to {MaxLength} characters";
        string[] parts = text.Split('@');
        if (parts.Length > 2 || (parts.Length == 2 && !IsSegment(parts[1])))
            return $"'{text}' is no name of a tag: write HEAD@REVISION, the revision of letters, digits and . _ + -";
        return parts[0].Split('/').All(IsSegment) ? null : $"'{text}' is no name of a reference: write segments of letters, digits and . _ + - with slashes between, none of which begins with a dot";
    }

    private static bool IsSegment(string segment) => segment.Length > 0 && segment[0] != '.' && segment.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '+' or '-');
}
