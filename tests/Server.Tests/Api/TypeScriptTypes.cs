using System.Text;
using System.Text.Json;

namespace RemoteExec.Server.Tests.Api;

/// <summary>Writes the schemas of the API's description as types of TypeScript, for the console to be checked against.</summary>
internal static class TypeScriptTypes
{
    /// <summary>A file with an interface for each schema.</summary>
    public static string Make(string description)
    {
        var text = new StringBuilder("// Made by ./dev docs out of docs/openapi.json. Don't edit.\n");
        foreach (JsonProperty schema in JsonDocument.Parse(description).RootElement.GetProperty("components").GetProperty("schemas").EnumerateObject())
        {
            Comment(text, schema.Value, "", "\n");
            text.Append("export interface ").Append(schema.Name).Append(" {\n");
            HashSet<string> required = [.. schema.Value.GetProperty("required").EnumerateArray().Select(name => name.GetString()!)];
            foreach (JsonProperty property in schema.Value.GetProperty("properties").EnumerateObject())
            {
                Comment(text, property.Value, "  ", "");
                text.Append("  ").Append(property.Name).Append(required.Contains(property.Name) ? ": " : "?: ").Append(TypeOf(property.Value)).Append(";\n");
            }

            text.Append("}\n");
        }

        return text.ToString();
    }

    private static void Comment(StringBuilder text, JsonElement schema, string indentation, string before)
    {
        text.Append(before);
        if (schema.TryGetProperty("description", out JsonElement description))
            text.Append(indentation).Append("/** ").Append(description.GetString()!.Replace("*/", "* /", StringComparison.Ordinal)).Append(" */\n");
    }

    private static string TypeOf(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            return reference.GetString()!.Split('/')[^1];
        if (schema.TryGetProperty("anyOf", out JsonElement any))
            return string.Join(" | ", any.EnumerateArray().Select(TypeOf));
        if (schema.TryGetProperty("enum", out JsonElement words))
            return string.Join(" | ", words.EnumerateArray().Select(word => $"'{word.GetString()}'"));
        JsonElement type = schema.GetProperty("type");
        return type.ValueKind == JsonValueKind.Array ? string.Join(" | ", type.EnumerateArray().Select(one => One(one.GetString()!, schema))) : One(type.GetString()!, schema);
    }

    private static string One(string type, JsonElement schema) => type switch
    {
        "integer" or "number" => "number",
        "array" when TypeOf(schema.GetProperty("items")) is var item => item.Contains(' ', StringComparison.Ordinal) ? $"({item})[]" : $"{item}[]",
        "object" => schema.TryGetProperty("additionalProperties", out JsonElement values) ? $"Record<string, {TypeOf(values)}>" : "object",
        _ => type, // string, boolean, null
    };
}
