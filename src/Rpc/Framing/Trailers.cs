using System.Globalization;
using System.Text;

namespace RemoteExec.Rpc.Framing;

/// <summary>How a status travels in trailers: <c>grpc-status</c>, percent-encoded <c>grpc-message</c>, <c>grpc-status-details-bin</c> (GEN-02).</summary>
public static class Trailers
{
    /// <summary>The status code, in decimal.</summary>
    public const string Status = "grpc-status";

    /// <summary>The message, percent-encoded UTF-8.</summary>
    public const string Message = "grpc-message";

    /// <summary>The whole status as a serialized <c>google.rpc.Status</c>.</summary>
    public const string Details = "grpc-status-details-bin";

    // A peer's header list is limited (8 KiB is common): details beyond this are cut, so that at least code and message arrive.
    private const int MaxMessageBytes = 1024;
    private const int MaxDetailsBytes = 6 * 1024;

    /// <summary>The trailers that tell a status.</summary>
    public static RpcMetadata Encode(RpcStatus status)
    {
        var trailers = new RpcMetadata { { Status, ((int)status.Code).ToString(CultureInfo.InvariantCulture) } };
        if (status.Message.Length > 0)
            trailers.Add(Message, PercentEncode(status.Message));
        if (status.Details.Count > 0 && status.ToGoogleRpcStatus() is var details && details.Length <= MaxDetailsBytes)
            trailers.AddBinary(Details, details);
        return trailers;
    }

    /// <summary>The status that trailers tell; UNKNOWN if they tell none.</summary>
    public static RpcStatus Decode(RpcMetadata trailers)
    {
        if (!int.TryParse(trailers.Get(Status), NumberStyles.None, CultureInfo.InvariantCulture, out int code))
            return new RpcStatus(StatusCode.Unknown, "the response has no grpc-status");
        string message = trailers.Get(Message) is { } text ? PercentDecode(text) : "";
        return new RpcStatus((StatusCode)code, message)
        {
            Details = trailers.GetBinary(Details) is { } details ? RpcStatus.DetailsFromGoogleRpcStatus(details) : [],
        };
    }

    /// <summary>Percent-encodes everything but printable ASCII, and the percent sign.</summary>
    public static string PercentEncode(string message)
    {
        var encoded = new StringBuilder();
        foreach (byte value in Encoding.UTF8.GetBytes(message))
        {
            if (encoded.Length >= MaxMessageBytes && (value & 0xC0) != 0x80)
                break;
            if (value is >= 0x20 and <= 0x7E and not (byte)'%')
                encoded.Append((char)value);
            else
                encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
        }

        return encoded.ToString();
    }

    /// <summary>Undoes <see cref="PercentEncode"/>; what is not encoded well stands for itself.</summary>
    public static string PercentDecode(string message)
    {
        var bytes = new List<byte>(message.Length);
        for (int i = 0; i < message.Length; i++)
        {
            if (message[i] == '%' && i + 2 < message.Length + 0
                && byte.TryParse(message.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(message, i, 1));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
