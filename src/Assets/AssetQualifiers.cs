using System.Buffers;
using System.Globalization;

namespace RemoteExec.Assets;

/// <summary>What a request says of assets beside their URIs: names, each once, in any order (AST-02).</summary>
public sealed class AssetQualifiers
{
    /// <summary>The resource type of a repository of git.</summary>
    public const string GitType = "application/x-git";

    private const string Sri = "checksum.sri", ResourceTypeName = "resource_type", DirectoryName = "directory", CanonicalId = "bazel.canonical_id", CommitName = "vcs.commit", BranchName = "vcs.branch";
    private const string HeaderPrefix = "http_header:", UrlHeaderPrefix = "http_header_url:";
    private const int MaxValueLength = 16 * 1024;
    private static readonly SearchValues<char> tokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // What says where a request goes, how its connection works, or which part is wanted, is not the caller's.
    private static readonly HashSet<string> ownHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Transfer-Encoding", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "Range", "If-Range", "If-Match", "If-None-Match",
        "If-Modified-Since", "If-Unmodified-Since", "Accept-Encoding", "Proxy-Authorization", "Proxy-Connection", "Via", "Forwarded", "X-Forwarded-For", "Allow", "Expires", "Last-Modified",
    };

    private readonly SortedDictionary<string, string> others = new(StringComparer.Ordinal); // all but headers
    private readonly SortedDictionary<string, string> headers = new(StringComparer.Ordinal); // in lower case
    private readonly Dictionary<int, SortedDictionary<string, string>> headersOfUri = [];

    private AssetQualifiers()
    {
    }

    /// <summary>What the content has to hash to; null if that is not known.</summary>
    public Checksum? Checksum { get; private set; }

    /// <summary>What kind of thing it is; empty if that is not said.</summary>
    public string ResourceType => others.GetValueOrDefault(ResourceTypeName, "");

    /// <summary>The directory of it that is wanted; empty for all of it.</summary>
    public string Directory => others.GetValueOrDefault(DirectoryName, "");

    /// <summary>The commit of a repository that is wanted; empty if that is not said.</summary>
    public string Commit => others.GetValueOrDefault(CommitName, "");

    /// <summary>The branch of a repository that is wanted; empty if that is not said.</summary>
    public string Branch => others.GetValueOrDefault(BranchName, "");

    /// <summary>Whether a repository of git is meant: it says so, or says what of one, and nothing else of what it is.</summary>
    public bool IsGit => ResourceType == GitType || (ResourceType.Length == 0 && (others.ContainsKey(CommitName) || others.ContainsKey(BranchName)));

    /// <summary>Those of which only whoever pushes knows what they mean.</summary>
    public IReadOnlyList<string> Unknown(AssetKind kind)
    {
        bool isGit = kind == AssetKind.Directory && IsGit;
        return [.. others.Keys.Where(name => name is not (Sri or CanonicalId or ResourceTypeName) && !(name == DirectoryName && kind == AssetKind.Directory) && !(name is CommitName or BranchName && isGit))];
    }

    /// <summary>Reads them.</summary>
    /// <param name="qualifiers">Names and values.</param>
    /// <param name="uris">How many URIs they are for.</param>
    /// <exception cref="AssetException">One is there twice, or malformed.</exception>
    public static AssetQualifiers Read(IEnumerable<(string Name, string Value)> qualifiers, int uris)
    {
        var result = new AssetQualifiers();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, string value) in qualifiers)
        {
            if (!seen.Add(name))
                throw Bad(name, "is there twice: names are unique");
            if (name.Length == 0)
                throw Bad(name, "has no name");
            if (value.Length > MaxValueLength || name.Length > MaxValueLength)
                throw Bad(name, $"has more than {MaxValueLength} characters");
            result.Add(name, value, uris);
        }

        return result;
    }

    /// <summary>The headers to fetch one of the URIs with: what is said of it alone wins over what is said of all (Q-21).</summary>
    public IReadOnlyList<KeyValuePair<string, string>> HeadersOf(int uri)
    {
        var all = new SortedDictionary<string, string>(headers, StringComparer.Ordinal);
        foreach ((string name, string value) in headersOfUri.GetValueOrDefault(uri) ?? [])
            all[name] = value;
        return [.. all];
    }

    /// <summary>All that is said of one of the URIs, in order: the same for the same, however it was said.</summary>
    public IEnumerable<KeyValuePair<string, string>> Of(int uri) =>
        others.Concat(HeadersOf(uri).Select(header => KeyValuePair.Create(HeaderPrefix + header.Key, header.Value))).OrderBy(qualifier => qualifier.Key, StringComparer.Ordinal);

    /// <summary>What may be told again: all but headers, which may be secrets.</summary>
    public IEnumerable<KeyValuePair<string, string>> Telling => others;

    private void Add(string name, string value, int uris)
    {
        if (name.StartsWith(HeaderPrefix, StringComparison.Ordinal))
        {
            AddHeader(headers, name, name[HeaderPrefix.Length..], value);
        }
        else if (name.StartsWith(UrlHeaderPrefix, StringComparison.Ordinal))
        {
            string[] parts = name[UrlHeaderPrefix.Length..].Split(':', 2);
            if (parts.Length < 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int uri) || uri >= uris)
                throw Bad(name, $"names none of the {uris} URIs: write {UrlHeaderPrefix}INDEX:NAME, counting from 0");
            if (!headersOfUri.TryGetValue(uri, out SortedDictionary<string, string>? own))
                headersOfUri[uri] = own = new SortedDictionary<string, string>(StringComparer.Ordinal);
            AddHeader(own, name, parts[1], value);
        }
        else
        {
            others.Add(name, value);
            if (name == Sri)
                Checksum = Checksum.TryParse(value, out Checksum? checksum, out string? error) ? checksum : throw Bad(name, error);
        }
    }

    private static void AddHeader(SortedDictionary<string, string> to, string qualifier, string header, string value)
    {
        if (header.Length == 0 || header.AsSpan().ContainsAnyExcept(tokenCharacters) || ownHeaders.Contains(header) || header.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            throw Bad(qualifier, "can't be sent: it is no name of a header, or one that the server sets itself");
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw Bad(qualifier, "has a value with characters that no header has"); // which is not shown: it may be a secret
        if (!to.TryAdd(header.ToLowerInvariant(), value))
            throw Bad(qualifier, "is there twice: names of headers are the same in upper and lower case");
    }

    private static AssetException Bad(string name, string problem) => new(AssetFailure.Unsupported, $"qualifier '{(name.Length > 200 ? name[..200] + "…" : name)}' {problem}");
}
