using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Rpc;

/// <summary>The detail of a status that says when to come again: <c>google.rpc.RetryInfo</c>.</summary>
public static class RetryDetail
{
    private const string TypeUrl = "type.googleapis.com/google.rpc.RetryInfo";
    private const byte DelayTag = (1 << 3) | 2;

    /// <summary>Says to wait so long.</summary>
    public static Any After(TimeSpan delay)
    {
        byte[] duration = Duration.FromTimeSpan(delay).ToByteArray(); // at most 22 bytes
        return new Any { TypeUrl = TypeUrl, Value = ByteString.CopyFrom([DelayTag, (byte)duration.Length, .. duration]) };
    }
}
