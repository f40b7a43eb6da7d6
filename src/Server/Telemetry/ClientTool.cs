using System.Collections.Frozen;
using System.Text;

namespace RemoteExec.Server.Telemetry;

/// <summary>The tools that clients are, as an attribute of metrics: a closed set.</summary>
internal static class ClientTool
{
    /// <summary>What tools are called that are not in the set.</summary>
    public const string Other = "other";

    /// <summary>What clients are called that don't say what they are.</summary>
    public const string Unknown = "unknown";

    private const int Longest = 32;

    private static readonly FrozenDictionary<string, string> tools = new Dictionary<string, string>
    {
        ["bazel"] = "bazel",
        ["bazelisk"] = "bazel",
        ["pants"] = "pants",
        ["buck"] = "buck2",
        ["buck2"] = "buck2",
        ["reclient"] = "reclient",
        ["re-client"] = "reclient",
        ["rewrapper"] = "reclient",
        ["reproxy"] = "reclient",
        ["siso"] = "siso",
        ["goma"] = "goma",
        ["recc"] = "recc",
        ["buildstream"] = "buildstream",
        ["please"] = "please",
        ["ccache"] = "ccache",
        ["sccache"] = "sccache",
        ["curl"] = "curl",
        ["remoteexec"] = "remoteexec",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The tool of RequestMetadata.</summary>
    /// <param name="name">Its name, in UTF-8.</param>
    public static string Of(ReadOnlySpan<byte> name)
    {
        if (name.Length > Longest)
            return Other;
        Span<char> text = stackalloc char[Longest];
        return Of(text[..Encoding.Latin1.GetChars(name, text)]);
    }

    /// <summary>The tool of a user agent: what stands before its version.</summary>
    public static string OfUserAgent(string agent) => Of(agent.AsSpan(0, agent.AsSpan().IndexOfAny('/', ' ') is >= 0 and var end ? end : agent.Length));

    private static string Of(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty)
            return Unknown;
        return tools.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out string? tool) ? tool : Other;
    }
}
