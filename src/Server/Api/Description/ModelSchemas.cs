using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Api.Description;

/// <summary>JSON schemas of types as the serializer writes them, described by their doc comments. Types with properties get names and are referred to.</summary>
/// <param name="comments">The doc comments.</param>
/// <param name="named">Where schemas with names go.</param>
internal sealed class ModelSchemas(DocComments comments, SortedDictionary<string, JsonNode> named)
{
    private readonly NullabilityInfoContext nullability = new();
    private readonly Dictionary<string, Type> types = [];

    /// <summary>The schema of a type, or a reference to it.</summary>
    public JsonObject Of(JsonTypeInfo info)
    {
        Type type = info.Type;
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return OrNull(Of(info.Options.GetTypeInfo(inner)));
        if (type.IsEnum)
            return new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. Enum.GetValues(type).Cast<object>().Select(value => JsonSerializer.SerializeToNode(value, info))]) };
        if (info.Kind == JsonTypeInfoKind.Enumerable)
            return new JsonObject { ["type"] = "array", ["items"] = Of(info.Options.GetTypeInfo(info.ElementType!)) };
        if (info.Kind == JsonTypeInfoKind.Dictionary)
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = Of(info.Options.GetTypeInfo(info.ElementType!)) };
        if (info.Kind == JsonTypeInfoKind.Object)
            return Refer(info);
        return type switch
        {
            _ when type == typeof(string) => new JsonObject { ["type"] = "string" },
            _ when type == typeof(bool) => new JsonObject { ["type"] = "boolean" },
            _ when type == typeof(int) => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
            _ when type == typeof(long) => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
            _ when type == typeof(double) => new JsonObject { ["type"] = "number", ["format"] = "double" },
            _ when type == typeof(DateTimeOffset) => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
            _ => throw new NotSupportedException($"{type} is in an answer, and it is not known how to describe it"),
        };
    }

    private JsonObject Refer(JsonTypeInfo info)
    {
        string name = NameOf(info.Type);
        if (!types.TryAdd(name, info.Type))
        {
            return types[name] == info.Type ? Reference(name) : throw new InvalidOperationException($"{info.Type} and {types[name]} would have the same name in the description of the API");
        }

        var schema = new JsonObject { ["type"] = "object", ["description"] = comments.OfType(info.Type) };
        var properties = new JsonObject();
        var required = new JsonArray();
        bool omitsNull = info.Options.DefaultIgnoreCondition == JsonIgnoreCondition.WhenWritingNull;
        Dictionary<string, PropertyInfo> members = info.Type.GetProperties().ToDictionary(member => info.Options.PropertyNamingPolicy!.ConvertName(member.Name));
        foreach (JsonPropertyInfo property in info.Properties.Where(property => property.Get is not null))
        {
            PropertyInfo member = members[property.Name];
            JsonObject value = Of(info.Options.GetTypeInfo(property.PropertyType));
            bool isNullable = nullability.Create(member).ReadState == NullabilityState.Nullable;
            if (isNullable && omitsNull && Nullable.GetUnderlyingType(property.PropertyType) is { } inner)
                value = Of(info.Options.GetTypeInfo(inner));
            else if (isNullable && !omitsNull && !property.PropertyType.IsValueType)
                value = OrNull(value);
            if (comments.TryOfProperty(member) is { } comment)
                value["description"] = comment;
            properties[property.Name] = value;
            if (!(isNullable && omitsNull))
                required.Add(property.Name);
        }

        schema["properties"] = properties;
        schema["required"] = required;
        named.Add(name, schema);
        return Reference(name);
    }

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    private static JsonObject OrNull(JsonObject schema)
    {
        if (schema["type"] is JsonValue type && !schema.ContainsKey("enum"))
        {
            schema["type"] = new JsonArray(type.GetValue<string>(), "null");
            return schema;
        }

        return new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };
    }

    private static string NameOf(Type type) => type.IsGenericType ? string.Concat(type.GenericTypeArguments.Select(NameOf)) + type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)] : type.Name;
}
