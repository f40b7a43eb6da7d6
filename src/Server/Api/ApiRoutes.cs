using Microsoft.AspNetCore.Builder;

namespace RemoteExec.Server.Api;

/// <summary>The paths of the API that a server has, served in the order in which they were added, and no others below <c>/api/v1</c>: an instance may have that name.</summary>
internal sealed class ApiRoutes
{
    /// <summary>What all of them are below.</summary>
    public const string Root = "/api/v1/";

    private readonly List<ApiRoute> routes = [];

    /// <summary>All of them.</summary>
    public IReadOnlyList<ApiRoute> All => routes;

    /// <summary>Adds some.</summary>
    public void Add(params IEnumerable<ApiRoute> some) => routes.AddRange(some);

    /// <summary>The route that serves a path below <see cref="Root"/>, with what stands in the place of its braces; null if none does.</summary>
    public (ApiRoute Route, IReadOnlyList<string> Values)? Find(string path)
    {
        foreach (ApiRoute route in routes)
        {
            if (route.Match(path) is { } values)
                return (route, values);
        }

        return null;
    }

    /// <summary>Serves them in the pipeline.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            string path = context.Request.Path.Value ?? "";
            if (path.StartsWith(Root, StringComparison.Ordinal) && Find(path[Root.Length..]) is var (route, values))
                await ApiAnswers.ServeAsync(context, request => route.ServeAsync(request, values));
            else
                await next(context);
        });
}
