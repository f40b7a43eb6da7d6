using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace RemoteExec.Fetching;

/// <summary>What a client asks a proxy for: a connection to a host, and nothing else.</summary>
/// <param name="Host">The host, without brackets.</param>
/// <param name="Port">Its port.</param>
/// <param name="Authorization">By what the client shows who it is; empty for nothing.</param>
internal sealed record ProxyRequest(string Host, int Port, string Authorization)
{
    private const int MaxBytes = 16 * 1024;
    private const string Method = "CONNECT ", AuthorizationHeader = "Proxy-Authorization:";

    /// <summary>Reads one; null if the client has sent something else, or more than that before it was answered.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public static async Task<ProxyRequest?> ReadAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaxBytes];
        for (int length = 0; length < buffer.Length;)
        {
            int read = await client.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                return null;
            length += read;
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return end + 4 == length ? Parse(Encoding.Latin1.GetString(buffer, 0, end)) : null;
        }

        return null;
    }

    private static ProxyRequest? Parse(string head)
    {
        string[] lines = head.Split("\r\n");
        if (!lines[0].StartsWith(Method, StringComparison.Ordinal) || lines[0].Split(' ') is not [_, string target, _])
            return null;
        int colon = target.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > ushort.MaxValue)
            return null;
        string authorization = lines.FirstOrDefault(line => line.StartsWith(AuthorizationHeader, StringComparison.OrdinalIgnoreCase)) ?? "";
        return new ProxyRequest(target[..colon].Trim('[', ']'), port, authorization.Length == 0 ? "" : authorization[AuthorizationHeader.Length..].Trim());
    }
}
