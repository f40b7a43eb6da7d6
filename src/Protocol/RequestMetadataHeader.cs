using Google.Protobuf;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Protocol;

/// <summary>
/// The header that says which tool, invocation and action a call is made for. It may stand on every call, is informational, and never
/// fails one (RMD-01).
/// </summary>
public static class RequestMetadataHeader
{
    /// <summary>The header's name; a binary header, base64 on the wire.</summary>
    public const string Name = "build.bazel.remote.execution.v2.requestmetadata-bin";

    /// <summary>Reads the decoded value of the header; null if there is none or it is no such message.</summary>
    public static Reapi.RequestMetadata? Parse(byte[]? value)
    {
        if (value is null)
            return null;
        try
        {
            return Reapi.RequestMetadata.Parser.ParseFrom(value);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            // Whoever sends nonsense here is still served: the message decides nothing.
            return null;
        }
    }
}
