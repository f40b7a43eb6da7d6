using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;

namespace RemoteExec.Python.Upstream;

/// <summary>Reads the page of a project as other indexes write it, HTML or JSON. Only files with a SHA-256 count, as nothing else says what they have to be.</summary>
internal static partial class UpstreamPage
{
    /// <summary>The files that it lists, with absolute URLs; what can't be a file of an index is left out.</summary>
    /// <param name="content">The page.</param>
    /// <param name="address">Where it is from.</param>
    /// <exception cref="InvalidDataException">It is no such page.</exception>
    public static IReadOnlyList<PageFile> Parse(ReadOnlySpan<byte> content, Uri address)
    {
        string text = Encoding.UTF8.GetString(content);
        IEnumerable<PageFile?> files = text.TrimStart().StartsWith('{') ? ParseJson(text) : ParseHtml(text);
        return [.. files.OfType<PageFile>().Select(file => Resolve(file, address)).OfType<PageFile>().DistinctBy(file => file.Name)];
    }

    private static List<PageFile?> ParseJson(string text)
    {
        try
        {
            using JsonDocument page = JsonDocument.Parse(text);
            return page.RootElement.TryGetProperty("files", out JsonElement files) && files.ValueKind == JsonValueKind.Array
                ? [.. files.EnumerateArray().Select(FileOf)]
                : throw new InvalidDataException("it has no list of files");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"it is no page of an index: {exception.Message}", exception);
        }
    }

    private static PageFile? FileOf(JsonElement file)
    {
        if (TextOf(file, "filename") is not { } name || TextOf(file, "url") is not { } url || HashIn(file, "hashes") is not { } hash)
            return null;
        file.TryGetProperty("yanked", out JsonElement yanked);
        return new PageFile(name, url, hash)
        {
            RequiresPython = TextOf(file, "requires-python"),
            MetadataSha256 = HashIn(file, "core-metadata") ?? HashIn(file, "dist-info-metadata"),
            Yanked = yanked.ValueKind switch
            {
                JsonValueKind.String => yanked.GetString(),
                JsonValueKind.True => "",
                _ => null,
            },
            Size = file.TryGetProperty("size", out JsonElement size) && size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out long bytes) && bytes >= 0 ? bytes : null,
            Added = TextOf(file, "upload-time") is { } time && DateTimeOffset.TryParse(time, System.Globalization.CultureInfo.InvariantCulture, out DateTimeOffset added) ? added : null,
        };
    }

    private static string? TextOf(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? HashIn(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object && TextOf(value, "sha256") is { } hash ? HashOf(hash) : null;

    private static IEnumerable<PageFile?> ParseHtml(string text)
    {
        foreach (Match anchor in Anchor().Matches(text))
        {
            var attributes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (Match attribute in Attribute().Matches(anchor.Groups["attributes"].Value))
                attributes.TryAdd(attribute.Groups["name"].Value, WebUtility.HtmlDecode(attribute.Groups["value"].Value));
            if (!attributes.TryGetValue("href", out string? link) || link.Split('#') is not [var url, var fragment] || HashOf(fragment, "sha256=") is not { } hash)
                continue;
            string metadata = attributes.GetValueOrDefault("data-core-metadata") ?? attributes.GetValueOrDefault("data-dist-info-metadata") ?? "";
            yield return new PageFile(Uri.UnescapeDataString(url.Split('?')[0].Split('/')[^1]), url, hash)
            {
                RequiresPython = attributes.GetValueOrDefault("data-requires-python"),
                MetadataSha256 = HashOf(metadata, "sha256="),
                Yanked = attributes.GetValueOrDefault("data-yanked"),
            };
        }
    }

    private static PageFile? Resolve(PageFile file, Uri address) =>
        DistributionName.IsFileName(file.Name) && Uri.TryCreate(address, file.Url, out Uri? url) && url.Scheme is "http" or "https"
            ? file with { Url = new UriBuilder(url!) { Fragment = "" }.Uri.AbsoluteUri }
            : null;

    private static string? HashOf(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? HashOf(text[prefix.Length..]) : null;

    private static string? HashOf(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigit) ? text.ToLowerInvariant() : null;

    [GeneratedRegex("""<a\s(?<attributes>(?:"[^"]*"|'[^']*'|[^'">])*)>""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Anchor();

    [GeneratedRegex("""(?<name>[a-z-]+)(?:\s*=\s*(?:"(?<value>[^"]*)"|'(?<value>[^']*)'))?""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Attribute();
}
