using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using RemoteExec.Builds;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Api.Description;

/// <summary>
/// The description of the API by OpenAPI 3.1: made of the paths that a server has, of the types of their answers and of their doc comments by <c>./dev docs</c>, kept as <c>docs/openapi.json</c>, and
/// served as it was kept. A test compares.
/// </summary>
internal static class OpenApiDocument
{
    private const string Resource = "openapi.json";
    private static readonly JsonSerializerOptions indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly Dictionary<string, string> placeholders = new()
    {
        ["id"] = "The id of a build, or its tool_invocation_id.",
        ["hash"] = "The hash of the digest, in small hexadecimal digits.",
        ["size"] = "The size in the digest, in bytes.",
        ["name"] = "The name of the operation, with its slashes: [instance/]operations/uuid.",
    };

    /// <summary>Where it is served.</summary>
    public static ApiRoute Route(TimeProvider time) => new("openapi.json", "This description.", (context, _) => SendAsync(context, time)) { ContentType = "application/json" };

    /// <summary>Makes it.</summary>
    /// <param name="routes">The paths that a server has.</param>
    /// <param name="operators">Those of operators.</param>
    public static string Make(IEnumerable<ApiRoute> routes, IEnumerable<OperatorPath> operators)
    {
        DocComments comments = DocComments.Of(typeof(OpenApiDocument).Assembly, typeof(BuildRecords).Assembly, typeof(Digest).Assembly);
        var schemas = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        var models = new ModelSchemas(comments, schemas);
        var messages = new MessageSchemas(comments, schemas);
        JsonObject problem = Failure("application/problem+json", models.Of(ApiJson.Default.ApiProblem)), status = Failure("application/json", messages.Of(Google.Rpc.Status.Descriptor));
        var paths = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (ApiRoute route in routes)
        {
            JsonObject content = route.Answer is { } answer ? models.Of(answer) : route.ContentType == "application/json" ? new JsonObject { ["type"] = "object" } : [];
            Add(paths, "get", route.Template.Replace("...}", "}", StringComparison.Ordinal), route.Summary, route.Parameters.Select(Parameter), null, Content(route.ContentType, content), problem);
        }

        foreach (OperatorPath path in operators)
        {
            IEnumerable<JsonObject> parameters = path.Parameters.Select(name => messages.OfParameter(path.Request, name) is var (schema, about) ? QueryParameter(name, about, schema) : throw new InvalidOperationException());
            JsonObject? body = path.Method == HttpMethods.Post ? Content("application/json", messages.Of(path.Request, isRequest: true)) : null;
            Add(paths, path.Method.ToLowerInvariant(), path.Path, path.Summary, parameters, body, Content("application/json", messages.Of(path.Answer)), status);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "RemoteExec",
                ["version"] = "1",
                ["description"] = "What a server for remote caching and execution tells of itself, of builds and of what it keeps, and how it is steered. Whoever reaches its listener may read; docs/operations.md says who may change something.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = new JsonObject(paths.Select(path => KeyValuePair.Create(path.Key, (JsonNode?)path.Value))),
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject(schemas.Select(schema => KeyValuePair.Create(schema.Key, (JsonNode?)schema.Value))),
                ["securitySchemes"] = new JsonObject { ["operatorToken"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A line of operators.tokenFile, for changes from other machines." } },
            },
        }.ToJsonString(indented) + "\n";
    }

    private static void Add(
        SortedDictionary<string, JsonNode> paths, string method, string template, string summary, IEnumerable<JsonObject> parameters, JsonObject? body, JsonObject answer, JsonObject failure)
    {
        string[] names = [.. template.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)])];
        IEnumerable<JsonObject> inPath = names.Select(name => new JsonObject
        {
            ["name"] = name,
            ["in"] = "path",
            ["required"] = true,
            ["description"] = placeholders[name],
            ["schema"] = new JsonObject { ["type"] = "string" },
        });
        var operation = new JsonObject
        {
            ["operationId"] = method + string.Concat(template.Split('/', '.', ':', '-').Select(word => word.Trim('{', '}')).Select(word => char.ToUpperInvariant(word[0]) + word[1..])),
            ["tags"] = new JsonArray(template.Split('/', ':', '.')[0]),
            ["summary"] = summary,
        };
        if (inPath.Concat(parameters).ToArray() is { Length: > 0 } all)
            operation["parameters"] = new JsonArray([.. all]);
        if (body is not null)
        {
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = body };
            operation["security"] = new JsonArray(new JsonObject(), new JsonObject { ["operatorToken"] = new JsonArray() });
        }

        operation["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "The answer.", ["content"] = answer }, ["default"] = failure.DeepClone() };
        paths.Add(ApiRoutes.Root + template, new JsonObject { [method] = operation });
    }

    private static JsonObject Parameter(ApiParameter parameter)
    {
        var schema = new JsonObject { ["type"] = parameter.Type };
        if (parameter.Words is { } words)
            schema["enum"] = new JsonArray([.. words.Select(word => JsonValue.Create(word))]);
        return QueryParameter(parameter.Name, parameter.About, parameter.Repeats ? new JsonObject { ["type"] = "array", ["items"] = schema } : schema);
    }

    private static JsonObject QueryParameter(string name, string about, JsonObject schema) => new() { ["name"] = name, ["in"] = "query", ["description"] = about, ["schema"] = schema };

    private static JsonObject Content(string type, JsonObject schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    private static JsonObject Failure(string type, JsonObject schema) => new() { ["description"] = "What is wrong.", ["content"] = Content(type, schema) };

    private static async Task SendAsync(HttpContext context, TimeProvider time)
    {
        _ = new ApiQuery(context, time);
        await using Stream kept = typeof(OpenApiDocument).Assembly.GetManifestResourceStream(Resource)!;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = kept.Length;
        await kept.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
