using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Server.Auth;

/// <summary>
/// The tokens in a file, one a line, each as it is or as <c>sha256:</c> and 64 hex digits; empty lines and those that begin with <c>#</c> don't count.
/// The file may be changed while the server runs, so that a new token can be added before an old one is taken away.
/// </summary>
internal sealed class BearerTokens
{
    /// <summary>The header that carries a token.</summary>
    public const string Header = "authorization";

    private const string Scheme = "Bearer ";
    private const string HashPrefix = "sha256:";
    private const int ShortestToken = 16;
    private readonly WatchedFile<IReadOnlyList<byte[]>> hashes;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="setting">The setting that names it, for messages to people.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">There is no token in it, or something that is none.</exception>
    public BearerTokens(string path, string setting, ILogger logger, TimeProvider time)
    {
        try
        {
            hashes = new WatchedFile<IReadOnlyList<byte[]>>(path, Parse, logger, time);
        }
        catch (StartupException exception)
        {
            throw new StartupException($"{exception.Message} (setting {setting})", exception);
        }
    }

    /// <summary>The token that a call carries; null if it carries none.</summary>
    public static string? Of(RpcCall call) => Of(call.GetRequestHeader(Header));

    /// <summary>The token in the value of an authorization header; null if there is none.</summary>
    public static string? Of(string? header) =>
        header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;

    /// <summary>The value of an authorization header with a token.</summary>
    public static string ToHeader(string token) => Scheme + token;

    /// <summary>The lines of a file that are tokens; what is no token is a <see cref="FormatException"/> that does not quote it.</summary>
    public static IReadOnlyList<string> LinesOf(string text)
    {
        var tokens = new List<string>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line.StartsWith('#'))
                continue;
            if (line.Any(character => character is <= ' ' or > '~'))
                throw new FormatException($"line {i + 1} is no token: it has spaces in it, or more than ASCII");
            if (line.Length < ShortestToken)
                throw new FormatException($"line {i + 1} is no token: it has less than {ShortestToken} characters");
            tokens.Add(line);
        }

        return tokens.Count > 0 ? tokens : throw new FormatException("there is no token in it: write one a line, for example what 'openssl rand -base64 32' prints");
    }

    /// <summary>True if this is one of them. How long that takes does not tell how much of it was right.</summary>
    public bool Contains(string token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
        bool found = false;
        foreach (byte[] known in hashes.Value)
            found |= CryptographicOperations.FixedTimeEquals(known, hash);
        return found;
    }

    private static List<byte[]> Parse(string text) => [.. LinesOf(text).Select(HashOf)];

    private static byte[] HashOf(string line)
    {
        if (!line.StartsWith(HashPrefix, StringComparison.Ordinal))
            return SHA256.HashData(Encoding.UTF8.GetBytes(line));
        string digits = line[HashPrefix.Length..];
        return digits.Length == SHA256.HashSizeInBytes * 2 && digits.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(digits)
            : throw new FormatException($"after {HashPrefix} come the 64 hex digits that sha256sum prints of a token");
    }
}
