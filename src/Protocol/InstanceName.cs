using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace RemoteExec.Protocol;

/// <summary>
/// An instance name (GEN-03): opaque, possibly empty, of one or more segments separated by <c>/</c>. Everything stored belongs to
/// one instance and is invisible in the others (GEN-05). A value of this type is always valid; <c>default</c> is the empty name.
/// </summary>
public readonly struct InstanceName : IEquatable<InstanceName>
{
    private const int MaxLength = 1024;
    private const char Replacement = '\ufffd'; // what stands in the place of bytes that are no UTF-8: two names could become one
    private static readonly string[] reserved =
        ["blobs", "uploads", "actions", "actionResults", "operations", "capabilities", "compressed-blobs"];

    private readonly string? value;

    private InstanceName(string value) => this.value = value;

    /// <summary>The name as the client sent it.</summary>
    public string Value => value ?? "";

    /// <summary>True for the empty name.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(value);

    /// <summary>Parses an instance name; on failure <paramref name="error"/> says in a sentence what is wrong with it (GEN-04).</summary>
    public static bool TryParse(string? text, out InstanceName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        error = null;
        if (string.IsNullOrEmpty(text))
            return true;

        if (text.Length > MaxLength)
            error = $"instance name of {text.Length} characters is longer than {MaxLength}";
        else if (text.Contains('\0'))
            error = "instance name contains a NUL character";
        else if (text.Any(char.IsControl))
            error = "instance name contains a control character";
        else if (text.Contains(Replacement) || !IsWellFormed(text))
            error = "instance name is no UTF-8";
        else
            error = FindBadSegment(text);
        if (error is not null)
            return false;

        name = new InstanceName(text);
        return true;
    }

    /// <summary>Parses a good instance name of ASCII characters; false for a bad one, of which the other overload tells why, and for any other.</summary>
    public static bool TryParse(ReadOnlySpan<byte> ascii, out InstanceName name)
    {
        name = default;
        return ascii.IsEmpty || (Ascii.IsValid(ascii) && TryParse(Encoding.ASCII.GetString(ascii), out name, out _));
    }

    /// <summary>Parses an instance name that is known to be good.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static InstanceName Parse(string? text) =>
        TryParse(text, out InstanceName name, out string? error) ? name : throw new FormatException(error);

    /// <inheritdoc/>
    public bool Equals(InstanceName other) => string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is InstanceName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Value, StringComparison.Ordinal);

    /// <summary>The name as the client sent it.</summary>
    public override string ToString() => Value;

    /// <summary>Ordinal equality.</summary>
    public static bool operator ==(InstanceName left, InstanceName right) => left.Equals(right);

    /// <summary>Ordinal inequality.</summary>
    public static bool operator !=(InstanceName left, InstanceName right) => !left.Equals(right);

    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        }

        return true;
    }

    private static string? FindBadSegment(string text)
    {
        foreach (Range range in text.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = text.AsSpan(range);
            if (segment.IsEmpty)
                return $"instance name '{text}' has an empty segment: no leading, trailing or double slash is allowed";
            if (segment is "." or "..")
                return $"instance name '{text}' has a segment '{segment}', which paths can't have";
            foreach (string word in reserved)
            {
                if (segment.SequenceEqual(word))
                    return $"instance name '{text}' contains the reserved segment '{word}'";
            }
        }

        return null;
    }
}
