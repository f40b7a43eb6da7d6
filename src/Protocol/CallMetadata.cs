using System.Text;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Protocol;

/// <summary>Who makes a call and for what, as its <see cref="RequestMetadataHeader"/> says: taken apart only as far as somebody asks, since every call has one (RMD-01).</summary>
/// <param name="encoded">The decoded value of the header.</param>
public sealed class CallMetadata(byte[] encoded)
{
    private const uint LengthDelimited = 2; // the wire type of messages, strings and bytes
    private const uint ToolInvocationIdTag = (3 << 3) | LengthDelimited;
    private static readonly AsyncLocal<CallMetadata?> current = new();
    private string? headerValue;

    /// <summary>That of the call in whose flow this is asked; null if nobody said. Calls made on its behalf carry it on.</summary>
    public static CallMetadata? Current
    {
        get => current.Value;
        set => current.Value = value;
    }

    /// <summary>The message as it was encoded; may be none.</summary>
    public ReadOnlySpan<byte> Encoded => encoded;

    /// <summary>The value of the header, as it stands on the wire.</summary>
    public string HeaderValue => headerValue ??= Convert.ToBase64String(encoded);

    /// <summary>The whole message; null if it is none.</summary>
    public Reapi.RequestMetadata? Message => RequestMetadataHeader.Parse(encoded);

    /// <summary>What the build calls itself; null if it does not, or the value is no such message.</summary>
    public string? ToolInvocationId
    {
        get
        {
            ReadOnlySpan<byte> id = default;
            var fields = new FieldReader(encoded);
            while (!fields.AtEnd)
            {
                if (!fields.TryReadVarint(out ulong tag) || (tag & 7) != LengthDelimited || !fields.TryReadBytes(out ReadOnlySpan<byte> value))
                    return Message?.ToolInvocationId; // has something that we do not know
                if (tag == ToolInvocationIdTag)
                    id = value;
            }

            return id.IsEmpty ? null : Encoding.UTF8.GetString(id);
        }
    }
}
