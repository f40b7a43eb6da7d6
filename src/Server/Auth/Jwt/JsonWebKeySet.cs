using System.Text.Json;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>The keys of an issuer (RFC 7517): those that can be used here. Others are passed over, as the standard wants it, so that an issuer can publish new kinds beside old ones.</summary>
internal sealed class JsonWebKeySet
{
    private const int MostKeys = 100;
    private readonly IReadOnlyList<JsonWebKey> keys;

    private JsonWebKeySet(IReadOnlyList<JsonWebKey> keys) => this.keys = keys;

    /// <summary>How many there are.</summary>
    public int Count => keys.Count;

    /// <summary>Reads a set.</summary>
    /// <exception cref="FormatException">It is none, or none of its keys can be used; the message says why.</exception>
    public static JsonWebKeySet Parse(ReadOnlyMemory<byte> json)
    {
        if (StrictJson.ParseObject(json) is not { } root || !root.TryGetProperty("keys", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            throw new FormatException("it is no set of keys: a JSON object with a list 'keys'");
        if (list.GetArrayLength() > MostKeys)
            throw new FormatException($"it has {list.GetArrayLength()} keys: {MostKeys} are the most");
        List<JsonWebKey> usable = [];
        string? firstProblem = null;
        foreach (JsonElement element in list.EnumerateArray())
        {
            if (JsonWebKey.Parse(element, out string problem) is { } key)
                usable.Add(key);
            else
                firstProblem ??= problem;
        }

        return usable.Count > 0 ? new JsonWebKeySet(usable) : throw new FormatException($"there is no key in it that can be used{(firstProblem is null ? "" : $": {firstProblem}")}");
    }

    /// <summary>True if one has this name; of tokens that name none, if there is any key at all.</summary>
    public bool Knows(string? id) => id is null || keys.Any(key => key.Id == id);

    /// <summary>
    /// The keys that a token may be signed with: those of its <c>kid</c>, of which more than one may have the same; of a token without, the only one that fits. None if there is no such key.
    /// </summary>
    public IReadOnlyList<JsonWebKey> Find(string? id, JwtAlgorithm algorithm)
    {
        JsonWebKey[] fitting = [.. keys.Where(key => key.Fits(algorithm) && (id is null || key.Id == id))];
        return id is null && fitting.Length > 1 ? [] : fitting;
    }
}
