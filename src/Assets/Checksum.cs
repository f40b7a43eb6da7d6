using System.Diagnostics.CodeAnalysis;
using RemoteExec.Protocol;

namespace RemoteExec.Assets;

/// <summary>What content has to hash to, as subresource integrity writes it: <c>sha256-BASE64</c>, or several of them, of which the strongest kind counts.</summary>
public sealed class Checksum
{
    // The strongest last.
    private static readonly (string Name, DigestFunction Function)[] functions =
    [
        ("sha256", DigestFunction.Sha256), ("blake3", DigestFunction.Blake3), ("sha384", DigestFunction.Sha384), ("sha512", DigestFunction.Sha512),
    ];

    private readonly IReadOnlyList<byte[]> hashes;

    private Checksum(DigestFunction function, IReadOnlyList<byte[]> hashes) => (Function, this.hashes) = (function, hashes);

    /// <summary>The function that has to be computed.</summary>
    public DigestFunction Function { get; }

    /// <summary>Reads one; on failure <paramref name="error"/> says in a sentence what is wrong.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Checksum? checksum, [NotNullWhen(false)] out string? error)
    {
        (checksum, error) = (null, null);
        var found = new List<(int Strength, byte[] Hash)>();
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = word.Split('?')[0].Split('-', 2); // options behind the ? have no meaning yet
            int strength = Array.FindIndex(functions, known => known.Name == parts[0]);
            byte[] hash = new byte[Digest.MaxHashLength + 3];
            if (strength < 0)
                error = $"'{word}' has another function than {string.Join(", ", functions.Select(known => known.Name))}";
            else if (parts.Length < 2 || !Convert.TryFromBase64String(parts[1], hash, out int length) || length != functions[strength].Function.HashLength())
                error = $"'{word}' is no checksum: write {parts[0]}- and {functions[strength].Function.HashLength()} bytes in base64";
            else
                found.Add((strength, hash[..length]));
            if (error is not null)
                return false;
        }

        if (found.Count == 0)
        {
            error = "it is empty: write for example sha256- and a hash in base64";
            return false;
        }

        int strongest = found.Max(entry => entry.Strength);
        checksum = new Checksum(functions[strongest].Function, [.. found.Where(entry => entry.Strength == strongest).Select(entry => entry.Hash)]);
        return true;
    }

    /// <summary>True if content with this digest, by <see cref="Function"/>, is what is wanted.</summary>
    public bool Fits(Digest digest)
    {
        foreach (byte[] hash in hashes)
        {
            if (digest.HashSpan.SequenceEqual(hash))
                return true;
        }

        return false;
    }

    /// <summary>What is wanted, as it is written.</summary>
    public override string ToString() => string.Join(' ', hashes.Select(hash => Show(hash)));

    /// <summary>A digest by <see cref="Function"/> as it is written.</summary>
    public string Show(Digest digest) => Show(digest.HashSpan);

    private string Show(ReadOnlySpan<byte> hash) => $"{functions.First(known => known.Function == Function).Name}-{Convert.ToBase64String(hash)}";
}
