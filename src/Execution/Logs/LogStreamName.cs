using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Logs;

/// <summary>
/// The names of a log stream (LOG-01): <c>[instance/]logstreams/{id}</c> for those who read it, with a secret behind it for the one who writes it. Neither can be guessed. The names of
/// blobs look otherwise.
/// </summary>
/// <param name="Instance">The instance, as the parent under which it was made.</param>
/// <param name="Id">Names it.</param>
/// <param name="WriteToken">The secret; null in a name for readers.</param>
internal sealed record LogStreamName(InstanceName Instance, string Id, string? WriteToken)
{
    private const string Collection = "logstreams";
    private const int Digits = 32;

    /// <summary>The name for readers.</summary>
    public LogStreamName ForReaders => this with { WriteToken = null };

    /// <summary>A new name, for a writer.</summary>
    public static LogStreamName New(InstanceName instance) => new(instance, NewSecret(), NewSecret());

    /// <summary>True if a resource name has the form of either.</summary>
    public static bool IsOne(string text) => TryParse(text, out _);

    /// <summary>Parses either name; false for what this server can't have issued.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LogStreamName? name)
    {
        name = null;
        string[] segments = text.Split('/');
        if (TryParse(segments, hasToken: false, out name))
            return true;
        return TryParse(segments, hasToken: true, out name);
    }

    /// <summary>The name on the wire.</summary>
    public override string ToString() => $"{(Instance.IsEmpty ? "" : Instance + "/")}{Collection}/{Id}{(WriteToken is null ? "" : "/" + WriteToken)}";

    private static bool TryParse(string[] segments, bool hasToken, [NotNullWhen(true)] out LogStreamName? name)
    {
        name = null;
        int own = hasToken ? 3 : 2;
        if (segments.Length < own || segments[0].Length == 0 || segments[^own] != Collection || !segments[^(own - 1)..].All(IsSecret))
            return false;
        if (!InstanceName.TryParse(string.Join('/', segments[..^own]), out InstanceName instance, out _))
            return false;
        name = new LogStreamName(instance, segments[^(own - 1)], hasToken ? segments[^1] : null);
        return true;
    }

    private static bool IsSecret(string text) => text.Length == Digits && text.All(char.IsAsciiHexDigitLower);

    private static string NewSecret() => RandomNumberGenerator.GetHexString(Digits, lowercase: true);
}
