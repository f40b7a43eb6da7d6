using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>
/// What came of the tokens that were seen lately, or of headers with them, by their hashes: a build makes thousands of calls with one token, and a check of a signature costs more than a small call. Holds at most twice
/// <paramref name="most"/>; those that were not asked for lately go first. Thread-safe.
/// </summary>
/// <param name="most">How many are remembered before old ones begin to go.</param>
internal sealed class RecentTokens<T>(int most)
    where T : class
{
    private readonly Lock gate = new(); // guards the change of generations
    private ConcurrentDictionary<Key, T> young = [];
    private ConcurrentDictionary<Key, T> old = [];

    /// <summary>What is known of a token; null if nothing is.</summary>
    public T? Find(string token)
    {
        Key key = Key.Of(token);
        if (Volatile.Read(ref young).TryGetValue(key, out T? found))
            return found;
        if (!Volatile.Read(ref old).TryGetValue(key, out found))
            return null;
        Add(key, found);
        return found;
    }

    /// <summary>Remembers something of a token, instead of what was known before.</summary>
    public void Set(string token, T value) => Add(Key.Of(token), value);

    private void Add(Key key, T value)
    {
        lock (gate)
        {
            if (young.Count >= most)
            {
                Volatile.Write(ref old, young);
                Volatile.Write(ref young, []);
            }

            young[key] = value;
        }
    }

    /// <summary>The SHA-256 of a token: who reads memory finds no tokens here.</summary>
    private readonly record struct Key(UInt128 High, UInt128 Low)
    {
        public static Key Of(string token)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(token.AsSpan()), hash);
            return MemoryMarshal.Read<Key>(hash);
        }
    }
}
