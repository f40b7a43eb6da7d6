using System.Text;
using Google.Protobuf;
using RemoteExec.Fuzz.Tests.Targets;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Fuzz.Tests;

/// <summary>All that parses, and what the targets share.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } = [.. RpcTargets.All, .. ProtocolTargets.All, .. CasTargets.All, .. HttpTargets.All, .. StorageTargets.All, .. S3Targets.All, .. ConfigTargets.All, .. ImageTargets.All, .. BuildTargets.All, .. TrustTargets.All, .. PythonTargets.All];

    public static FuzzTarget Get(string name) => All.Single(target => target.Name == name);

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A target that takes text.</summary>
    public static FuzzTarget OfText(string name, Action<string> parse, params string[] seeds) =>
        new(name, [.. seeds.Select(Text)], bytes => parse(Encoding.UTF8.GetString(bytes)));

    /// <summary>Parses a message with the generated parser; null if it is none.</summary>
    public static T? Message<T>(MessageParser<T> parser, byte[] bytes)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

    /// <summary>Runs what, for memory that is at hand, never waits.</summary>
    public static T Now<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompleted, "it waits for more than there is");
        return task.GetAwaiter().GetResult();
    }
}
