using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Server.Api;

/// <summary>A path of the API that takes GET: how it is served, and what its description says (<c>docs/openapi.json</c>).</summary>
/// <param name="Template">The path below <c>/api/v1/</c>: <c>{x}</c> stands for what is between two slashes, or before the rest of a segment, <c>{x...}</c> for one segment or more.</param>
/// <param name="Summary">What it answers.</param>
/// <param name="ServeAsync">Serves a request; it is given what stands in the place of the braces, in their order.</param>
internal sealed record ApiRoute(string Template, string Summary, Func<HttpContext, IReadOnlyList<string>, Task> ServeAsync)
{
    private readonly string[] segments = Template.Split('/');

    /// <summary>The type of the answer; null if it is no JSON.</summary>
    public JsonTypeInfo? Answer { get; init; }

    /// <summary>The content type of the answer.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>The parameters of its query.</summary>
    public IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    /// <summary>What stands in the place of the braces in a path below <c>/api/v1/</c>; null if it is another path.</summary>
    public IReadOnlyList<string>? Match(string path)
    {
        string[] parts = path.Split('/');
        List<string> values = [];
        int many = Array.FindIndex(segments, segment => segment.EndsWith("...}", StringComparison.Ordinal));
        int more = parts.Length - segments.Length; // segments beyond one that the many take
        if (more < 0 || (more > 0 && many < 0))
            return null;
        for (int i = 0; i < segments.Length; i++)
        {
            string part = i == many ? string.Join('/', parts[i..(i + more + 1)]) : parts[many >= 0 && i > many ? i + more : i];
            string segment = segments[i];
            if (segment[0] != '{')
            {
                if (part != segment)
                    return null;
                continue;
            }

            string end = segment[(segment.IndexOf('}', StringComparison.Ordinal) + 1)..];
            if (part.Length <= end.Length || !part.EndsWith(end, StringComparison.Ordinal))
                return null;
            values.Add(part[..^end.Length]);
        }

        return values;
    }
}
