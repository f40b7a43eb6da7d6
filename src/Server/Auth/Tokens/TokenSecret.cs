using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>A token as its holder has it: <c>rxt_ID_SECRET</c>. That it begins so tells it from other kinds, and lets who searches files for secrets find it.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Text">All of it.</param>
internal readonly record struct TokenSecret(string Id, string Text)
{
    private const string Prefix = "rxt_";
    private const int IdDigits = 12;
    private const int SecretDigits = 64; // 256 bits

    /// <summary>The SHA-256 of it.</summary>
    public byte[] Hash => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    /// <summary>A new one.</summary>
    public static TokenSecret New()
    {
        string id = RandomNumberGenerator.GetHexString(IdDigits, lowercase: true);
        return new TokenSecret(id, $"{Prefix}{id}_{RandomNumberGenerator.GetHexString(SecretDigits, lowercase: true)}");
    }

    /// <summary>True if something begins as a token of this kind does, whether it is one or not.</summary>
    public static bool IsMeant(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Reads one; null if it can't be one.</summary>
    public static TokenSecret? Parse(string text) =>
        text.Length == Prefix.Length + IdDigits + 1 + SecretDigits && IsMeant(text) && text[Prefix.Length + IdDigits] == '_'
        && text.AsSpan(Prefix.Length, IdDigits).ContainsAnyExcept(digits) is false && text.AsSpan(Prefix.Length + IdDigits + 1).ContainsAnyExcept(digits) is false
            ? new TokenSecret(text.Substring(Prefix.Length, IdDigits), text)
            : null;

    /// <summary>The id alone: a secret must not get into a message by mistake.</summary>
    public override string ToString() => Prefix + Id;

    private static readonly System.Buffers.SearchValues<char> digits = System.Buffers.SearchValues.Create("0123456789abcdef");
}
