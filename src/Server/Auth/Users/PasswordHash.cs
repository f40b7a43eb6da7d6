using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.Server.Auth.Users;

/// <summary>What is kept of a password: PBKDF2 with SHA-256, <c>pbkdf2-sha256:ROUNDS:SALT:HASH</c>, the last two in base64. To try a password takes some tenths of a second, so that few can be tried.</summary>
/// <param name="rounds">How often it is hashed.</param>
/// <param name="salt">What it is hashed with.</param>
/// <param name="hash">What came of it.</param>
internal sealed class PasswordHash(int rounds, byte[] salt, byte[] hash)
{
    private const string Kind = "pbkdf2-sha256";
    private const int Rounds = 600_000, MostRounds = 10_000_000; // as recommended for this kind; what a file asks for is bounded
    private const int SaltBytes = 16, HashBytes = 32;

    /// <summary>That of nobody's password, which takes as long to compare.</summary>
    public static PasswordHash Nobody { get; } = new(Rounds, new byte[SaltBytes], new byte[HashBytes]);

    /// <summary>That of a password, with a salt of its own.</summary>
    public static PasswordHash Of(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(Rounds, salt, Derive(password, salt, Rounds));
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; null if it is no such thing.</summary>
    public static PasswordHash? Parse(string text)
    {
        if (text.Split(':') is not [Kind, var rounds, var salt, var hash] || !int.TryParse(rounds, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > MostRounds)
            return null;
        Span<byte> bytes = stackalloc byte[HashBytes];
        return Convert.TryFromBase64String(hash, bytes, out int length) && length == HashBytes && Convert.TryFromBase64String(salt, new byte[salt.Length], out int saltLength) && saltLength >= SaltBytes
            ? new PasswordHash(number, Convert.FromBase64String(salt), bytes.ToArray())
            : null;
    }

    /// <summary>True if this is the password. It takes long; how long does not tell how much of it was right.</summary>
    public bool Fits(string password) => CryptographicOperations.FixedTimeEquals(Derive(password, salt, rounds), hash);

    /// <summary>As it stands in files.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind}:{rounds}:{Convert.ToBase64String(salt)}:{Convert.ToBase64String(hash)}");

    private static byte[] Derive(string password, byte[] salt, int rounds) => Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA256, HashBytes);
}
