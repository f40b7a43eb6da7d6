using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Rpc;

/// <summary>How a call ended: code, message for people, and details for clients (GEN-02). Encodes itself as <c>google.rpc.Status</c>.</summary>
/// <param name="Code">The code.</param>
/// <param name="Message">What happened, which value was bad, what to do.</param>
public sealed record RpcStatus(StatusCode Code, string Message)
{
    private const uint CodeTag = (1 << 3) | 0;
    private const uint MessageTag = (2 << 3) | 2;
    private const uint DetailsTag = (3 << 3) | 2;

    /// <summary>Success.</summary>
    public static RpcStatus Ok { get; } = new(StatusCode.Ok, "");

    /// <summary>Details, each an Any of a <c>google.rpc</c> message; empty as a rule.</summary>
    public IReadOnlyList<Any> Details { get; init; } = [];

    /// <summary>The encoding of this status as <c>google.rpc.Status</c>.</summary>
    public byte[] ToGoogleRpcStatus()
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            output.WriteTag(CodeTag);
            output.WriteInt32((int)Code);
            if (Message.Length > 0)
            {
                output.WriteTag(MessageTag);
                output.WriteString(Message);
            }

            foreach (Any detail in Details)
            {
                output.WriteTag(DetailsTag);
                output.WriteMessage(detail);
            }
        }

        return buffer.ToArray();
    }

    /// <summary>Reads the details of an encoded <c>google.rpc.Status</c>; none if it does not parse.</summary>
    public static IReadOnlyList<Any> DetailsFromGoogleRpcStatus(byte[] encoded)
    {
        var details = new List<Any>();
        try
        {
            using var input = new CodedInputStream(encoded);
            for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            {
                if (tag == DetailsTag)
                    details.Add(Any.Parser.ParseFrom(input.ReadBytes()));
                else
                    input.SkipLastField();
            }
        }
        catch (Exception exception) when (ParserFault.IsMalformed(exception))
        {
            // Details are an addition to the status: a status without them is still right.
            return [];
        }

        return details;
    }
}
