using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RemoteExec.Server.Auth;

/// <summary>What a call shows of who makes it.</summary>
/// <param name="Authorization">The value of its authorization header; null if it has none.</param>
/// <param name="Certificate">The certificate of its connection, whoever it is from; null if there is none.</param>
internal readonly record struct Credentials(string? Authorization, X509Certificate2? Certificate)
{
    private const string Basic = "Basic ";
    private const int LongestBasic = 4096; // characters
    private static readonly UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>True if nothing is shown.</summary>
    public bool AreNone => Authorization is null && Certificate is null;

    /// <summary>The token of <c>Authorization: Bearer</c>; null if it has another form.</summary>
    public string? BearerToken => BearerTokens.Of(Authorization);

    /// <summary>Takes <c>Authorization: Basic</c> apart (RFC 7617); false if it has another form, or is malformed.</summary>
    public bool TryGetBasic([NotNullWhen(true)] out string? user, [NotNullWhen(true)] out string? password)
    {
        (user, password) = (null, null);
        if (Authorization is not { Length: <= LongestBasic } header || !header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
            return false;
        ReadOnlySpan<char> encoded = header.AsSpan(Basic.Length).Trim();
        if (!Base64.IsValid(encoded))
            return false;
        try
        {
            string pair = utf8.GetString(Convert.FromBase64String(encoded.ToString()));
            int colon = pair.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                return false;
            (user, password) = (pair[..colon], pair[(colon + 1)..]);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
