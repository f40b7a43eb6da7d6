using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Api.Description;

/// <summary>JSON schemas of messages of protocol buffers, as their formatter writes them with default values.</summary>
/// <param name="comments">The doc comments, which are those of the protocol's files.</param>
/// <param name="named">Where the schemas go.</param>
internal sealed class MessageSchemas(DocComments comments, SortedDictionary<string, JsonNode> named)
{
    private readonly HashSet<string> known = [];

    /// <summary>A reference to a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="isRequest">True if it is sent to the server: then everything in it may be left out.</param>
    public JsonObject Of(MessageDescriptor message, bool isRequest = false)
    {
        switch (message.FullName)
        {
            case "google.protobuf.Timestamp":
                return new JsonObject { ["type"] = "string", ["format"] = "date-time" };
            case "google.protobuf.Duration":
                return new JsonObject { ["type"] = "string", ["pattern"] = @"^-?[0-9]+(\.[0-9]+)?s$" };
            case "google.protobuf.Any":
                return new JsonObject { ["type"] = "object" };
        }

        if (known.Add(message.FullName))
        {
            var properties = new JsonObject();
            var required = new JsonArray();
            foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            {
                JsonObject value = OfOne(field, isRequest);
                if (field.IsRepeated)
                    value = new JsonObject { ["type"] = "array", ["items"] = value };
                if (CommentOf(field) is { Length: > 0 } comment)
                    value["description"] = comment;
                properties[field.JsonName] = value;
                if (!isRequest && (field.IsRepeated || field.FieldType != FieldType.Message))
                    required.Add(field.JsonName);
            }

            named.Add(message.Name, new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required });
        }

        return new JsonObject { ["$ref"] = $"#/components/schemas/{message.Name}" };
    }

    /// <summary>A field of a request as a parameter of a query, and what is said of it.</summary>
    public (JsonObject Schema, string About) OfParameter(MessageDescriptor request, string name)
    {
        FieldDescriptor field = request.Fields.InDeclarationOrder().Single(field => field.JsonName == name);
        JsonObject schema = field.FieldType == FieldType.Message
            ? new JsonObject { ["type"] = "string", ["pattern"] = "^[^=]+=" } // name=value
            : OfOne(field, isRequest: true);
        return (field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = schema } : schema, CommentOf(field) ?? "");
    }

    private JsonObject OfOne(FieldDescriptor field, bool isRequest) => field.FieldType switch
    {
        FieldType.String => new JsonObject { ["type"] = "string" },
        FieldType.Bool => new JsonObject { ["type"] = "boolean" },
        FieldType.Int32 or FieldType.UInt32 => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
        FieldType.Int64 => new JsonObject { ["type"] = "string", ["format"] = "int64" },
        FieldType.Double => new JsonObject { ["type"] = "number", ["format"] = "double" },
        FieldType.Enum => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. field.EnumType.Values.Select(value => JsonValue.Create(value.Name))]) },
        FieldType.Message => Of(field.MessageType, isRequest),
        _ => throw new NotSupportedException($"{field.FullName} is of a type that it is not known how to describe: {field.FieldType}"),
    };

    private string? CommentOf(FieldDescriptor field) => field.ContainingType.ClrType.GetProperty(char.ToUpperInvariant(field.JsonName[0]) + field.JsonName[1..]) is { } property ? comments.TryOfProperty(property) : null;
}
