using System.Text.Json;

namespace RemoteExec.TestKit;

/// <summary>The description of the API in <c>docs/openapi.json</c>, for what servers really answer to be compared with. What a schema does not name is a fault, too.</summary>
public sealed class ApiDescription
{
    private readonly JsonElement document;

    private ApiDescription(JsonElement document) => this.document = document;

    /// <summary>All paths, as they are described.</summary>
    public IEnumerable<JsonProperty> Paths => document.GetProperty("paths").EnumerateObject();

    /// <summary>Reads it.</summary>
    public static ApiDescription Read() => Parse(File.ReadAllText(Repository.Path("docs", "openapi.json")));

    /// <summary>Parses one.</summary>
    public static ApiDescription Parse(string text) => new(JsonDocument.Parse(text).RootElement);

    /// <summary>The described path that an address is an instance of; the one with most words of its own if there are several, null if there is none.</summary>
    public string? Find(string path) => Paths.Select(described => described.Name).Where(template => IsInstance(template, path)).OrderByDescending(template => template.Replace("{", "", StringComparison.Ordinal).Length - (10 * template.Count(letter => letter == '{'))).FirstOrDefault();

    /// <summary>What is wrong with an answer; nothing if it is as described.</summary>
    /// <param name="template">The described path.</param>
    /// <param name="method">The method, in small letters.</param>
    /// <param name="status">The status code of the answer.</param>
    /// <param name="type">Its content type.</param>
    /// <param name="body">Its body.</param>
    public IReadOnlyList<string> FaultsOf(string template, string method, int status, string type, string body)
    {
        JsonElement responses = document.GetProperty("paths").GetProperty(template).GetProperty(method).GetProperty("responses");
        JsonElement content = responses.GetProperty(status == 200 ? "200" : "default").GetProperty("content");
        if (!content.TryGetProperty(type, out JsonElement described))
            return [$"{template} answers {status} as {type}, which is not described"];
        JsonElement schema = described.GetProperty("schema");
        return schema.EnumerateObject().Any() ? [.. Check(schema, JsonDocument.Parse(body).RootElement, template)] : [];
    }

    private static bool IsInstance(string template, string path)
    {
        string pattern = "^" + string.Join('/', template.Split('/').Select(segment => segment.StartsWith('{')
            ? (segment.StartsWith("{name}", StringComparison.Ordinal) ? ".+" : "[^/]+") + System.Text.RegularExpressions.Regex.Escape(segment[(segment.IndexOf('}', StringComparison.Ordinal) + 1)..])
            : System.Text.RegularExpressions.Regex.Escape(segment))) + "$";
        return System.Text.RegularExpressions.Regex.IsMatch(path, pattern);
    }

    private IEnumerable<string> Check(JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            return Check(reference.GetString()!.Split('/').Skip(1).Aggregate(document, (element, name) => element.GetProperty(name)), value, at);
        if (schema.TryGetProperty("anyOf", out JsonElement any))
            return any.EnumerateArray().Any(one => !Check(one, value, at).Any()) ? [] : [$"{at}: {Short(value)} is none of what it may be"];
        if (schema.TryGetProperty("enum", out JsonElement words) && !words.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)))
            return [$"{at}: {Short(value)} is none of {words.GetRawText()}"];
        string[] types = schema.GetProperty("type") is { ValueKind: JsonValueKind.Array } several ? [.. several.EnumerateArray().Select(type => type.GetString()!)] : [schema.GetProperty("type").GetString()!];
        if (!types.Any(type => IsOf(type, schema, value)))
            return [$"{at}: {Short(value)} is no {string.Join(" or ", types)}"];
        return value.ValueKind switch
        {
            JsonValueKind.Object => CheckObject(schema, value, at),
            JsonValueKind.Array => value.EnumerateArray().SelectMany((item, number) => Check(schema.GetProperty("items"), item, $"{at}[{number}]")),
            _ => [],
        };
    }

    private IEnumerable<string> CheckObject(JsonElement schema, JsonElement value, string at)
    {
        if (!schema.TryGetProperty("properties", out JsonElement properties))
        {
            return schema.TryGetProperty("additionalProperties", out JsonElement all) ? value.EnumerateObject().SelectMany(property => Check(all, property.Value, $"{at}.{property.Name}")) : [];
        }

        IEnumerable<string> missing = schema.GetProperty("required").EnumerateArray().Select(name => name.GetString()!).Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{at}: {name} is missing");
        return missing.Concat(value.EnumerateObject().SelectMany(property => properties.TryGetProperty(property.Name, out JsonElement described)
            ? Check(described, property.Value, $"{at}.{property.Name}")
            : [$"{at}: {property.Name} is not described"]));
    }

    private static bool IsOf(string type, JsonElement schema, JsonElement value) => (type, value.ValueKind) switch
    {
        ("string", JsonValueKind.String) => !schema.TryGetProperty("format", out JsonElement format) || format.GetString() != "date-time" || value.TryGetDateTimeOffset(out _),
        ("integer", JsonValueKind.Number) => value.TryGetInt64(out _),
        ("number", JsonValueKind.Number) or ("boolean", JsonValueKind.True or JsonValueKind.False) or ("null", JsonValueKind.Null) or ("array", JsonValueKind.Array) or ("object", JsonValueKind.Object) => true,
        _ => false,
    };

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 80 } text ? text[..80] + "…" : value.GetRawText();
}
