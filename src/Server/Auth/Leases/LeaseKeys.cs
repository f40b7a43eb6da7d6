using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth.Jwt;

namespace RemoteExec.Server.Auth.Leases;

/// <summary>
/// The secrets with which servers of a cluster sign lease tokens, and know them again: the first signs, all verify, so that they can be exchanged one after the other. A token is <c>rxl1_</c> and, in
/// base64url, the key's name (8 bytes), the HMAC-SHA256 (32) and a <see cref="LeaseGrant"/>.
/// </summary>
internal sealed class LeaseKeys
{
    private const int ShortestKey = 32; // characters
    private const int NameBytes = 8;
    private const int HeadBytes = NameBytes + HMACSHA256.HashSizeInBytes;
    private const int LongestToken = 8192; // characters
    private readonly List<Key> keys;

    private LeaseKeys(List<Key> keys) => this.keys = keys;

    /// <summary>Reads the lines of a file, one key each.</summary>
    /// <exception cref="FormatException">There is none, or something that is none; the message does not quote it.</exception>
    public static LeaseKeys Parse(string text)
    {
        var keys = new List<Key>();
        foreach ((int number, string line) in AddedLines.In(text))
        {
            if (line.Length < ShortestKey)
                throw new FormatException($"line {number} is no key: it has less than {ShortestKey} characters");
            keys.Add(Key.Of(line));
        }

        return keys.Count > 0 ? new LeaseKeys(keys) : throw new FormatException("there is no key in it: write one a line, for example what 'openssl rand -base64 32' prints");
    }

    /// <summary>A key that nobody has.</summary>
    public static string NewLine() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes));

    /// <summary>Makes a token.</summary>
    public string Sign(LeaseGrant grant)
    {
        byte[] content = grant.ToBytes();
        var token = new byte[HeadBytes + content.Length];
        keys[0].Name.CopyTo(token, 0);
        keys[0].Sign(content, token.AsSpan(NameBytes, HMACSHA256.HashSizeInBytes));
        content.CopyTo(token, HeadBytes);
        return LeaseGrant.TokenPrefix + Base64Url.EncodeToString(token);
    }

    /// <summary>What a token says; null if it is not one of these keys', and then what is wrong with it. How long that takes does not tell how much of it was right. When it ends is not looked at.</summary>
    public LeaseGrant? Verify(string token, out string problem)
    {
        problem = "the lease token is none, or not all of it was sent";
        if (token.Length > LongestToken || !token.StartsWith(LeaseGrant.TokenPrefix, StringComparison.Ordinal)
            || !StrictBase64Url.TryDecode(token.AsSpan(LeaseGrant.TokenPrefix.Length), out byte[]? bytes) || bytes.Length < HeadBytes)
            return null;
        ReadOnlySpan<byte> name = bytes.AsSpan(0, NameBytes), shown = bytes.AsSpan(NameBytes, HMACSHA256.HashSizeInBytes), content = bytes.AsSpan(HeadBytes);
        foreach (Key key in keys)
        {
            if (!name.SequenceEqual(key.Name)) // no secret
                continue;
            Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
            key.Sign(content, signature);
            if (!CryptographicOperations.FixedTimeEquals(signature, shown))
                return null;
            return LeaseGrant.Parse(content);
        }

        problem = "the lease token is signed with a key that this server does not have: all servers of a cluster need the same (setting auth.leases.keyFile)";
        return null;
    }

    private sealed class Key
    {
        private readonly byte[] secret;

        private Key(byte[] secret, byte[] name) => (this.secret, Name) = (secret, name);

        public byte[] Name { get; }

        // What a line is used for stands in what is signed: nothing that is signed with it for one thing is good for another.
        public static Key Of(string line)
        {
            byte[] root = Encoding.UTF8.GetBytes(line);
            return new Key(HMACSHA256.HashData(root, "remoteexec lease token 1: key"u8), HMACSHA256.HashData(root, "remoteexec lease token 1: name"u8)[..NameBytes]);
        }

        public void Sign(ReadOnlySpan<byte> content, Span<byte> signature) => HMACSHA256.HashData(secret, content, signature);
    }
}
