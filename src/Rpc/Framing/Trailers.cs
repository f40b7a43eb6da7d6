using System.Buffers;
using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;

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

    /// <summary>
    /// The most bytes of a serialized status with details. Clients refuse a list of headers beyond 8 KiB, and with it the whole status; a third is lost to
    /// base64, and the message is sent twice. Details that do not fit are dropped from the last one on.
    /// </summary>
    public const int MaxDetailsBytes = 4608;

    // What stands for itself: printable ASCII but for the percent sign.
    private static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(value => (char)value).Where(value => value != '%')]);

    // Percent-encoded; a longer message is cut.
    private const int MaxMessageBytes = 1024;

    /// <summary>The trailers that tell a status, cut to what a peer's header limit takes.</summary>
    public static RpcMetadata Encode(RpcStatus status)
    {
        var trailers = new RpcMetadata { { Status, Code(status.Code) } };
        string encoded = PercentEncode(status.Message, MaxMessageBytes, out string message);
        if (encoded.Length > 0)
            trailers.Add(Message, encoded);
        if (Fit(status, message) is { } details)
            trailers.AddBinary(Details, details);
        return trailers;
    }

    /// <summary>The status that trailers tell; UNKNOWN if they tell none.</summary>
    public static RpcStatus Decode(RpcMetadata trailers)
    {
        if (!int.TryParse(trailers.Get(Status), NumberStyles.None, CultureInfo.InvariantCulture, out int code))
            return new RpcStatus(StatusCode.Unknown, "the response has no grpc-status");
        string message = trailers.Get(Message) is { } text ? PercentDecode(text) : "";
        return new RpcStatus(code <= (int)StatusCode.Unauthenticated ? (StatusCode)code : StatusCode.Unknown, message)
        {
            Details = trailers.GetBinary(Details) is { } details ? RpcStatus.DetailsFromGoogleRpcStatus(details) : [],
        };
    }

    /// <summary>Percent-encodes everything but printable ASCII, and the percent sign.</summary>
    public static string PercentEncode(string message) => PercentEncode(message, int.MaxValue, out _);

    /// <summary>Undoes <see cref="PercentEncode(string)"/>; what is not encoded well stands for itself.</summary>
    public static string PercentDecode(string message)
    {
        if (!message.Contains('%', StringComparison.Ordinal))
            return message;
        byte[] bytes = Encoding.UTF8.GetBytes(message);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = bytes[i];
            if (value == '%' && i + 2 < bytes.Length
                && byte.TryParse(bytes.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte decoded))
            {
                value = decoded;
                i += 2;
            }

            bytes[length++] = value;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    /// <summary>A code as it stands in <see cref="Status"/>.</summary>
    internal static string Code(StatusCode code) => code == StatusCode.Ok ? "0" : ((int)code).ToString(CultureInfo.InvariantCulture);

    private static string PercentEncode(string message, int maxLength, out string taken)
    {
        if (message.Length <= maxLength && message.AsSpan().IndexOfAnyExcept(Plain) < 0)
            return taken = message;
        var encoded = new StringBuilder(message.Length);
        Span<byte> utf8 = stackalloc byte[4];
        int position = 0;
        foreach (Rune rune in message.EnumerateRunes())
        {
            int before = encoded.Length;
            foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
            {
                if (value is >= 0x20 and <= 0x7E and not (byte)'%')
                    encoded.Append((char)value);
                else
                    encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            }

            if (encoded.Length > maxLength)
            {
                encoded.Length = before;
                break;
            }

            position += rune.Utf16SequenceLength;
        }

        taken = message[..position];
        return encoded.ToString();
    }

    private static byte[]? Fit(RpcStatus status, string message)
    {
        for (IReadOnlyList<Any> details = status.Details; details.Count > 0; details = [.. details.SkipLast(1)])
        {
            byte[] encoded = new RpcStatus(status.Code, message) { Details = details }.ToGoogleRpcStatus();
            if (encoded.Length <= MaxDetailsBytes)
                return encoded;
        }

        return null;
    }
}
