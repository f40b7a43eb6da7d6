using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>
/// Base64url as RFC 7515 writes it: no padding, no blanks, no bits left over. So that each content has one writing: a token that was changed without changing what it says would be another
/// token to whoever counts or remembers them.
/// </summary>
internal static class StrictBase64Url
{
    private static readonly SearchValues<char> alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Decodes text; false if it is not exactly what encoding would have written.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length % 4 == 1 || text.ContainsAnyExcept(alphabet))
            return false;
        byte[] decoded = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromChars(text, decoded, out _, out int length) != OperationStatus.Done)
            return false;
        Array.Resize(ref decoded, length);
        if (!text.SequenceEqual(Base64Url.EncodeToString(decoded)))
            return false;
        bytes = decoded;
        return true;
    }
}
