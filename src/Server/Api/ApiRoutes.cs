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

    /// <summary>Serves them in the pipeline.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            string path = context.Request.Path.Value ?? "";
            if (path.StartsWith(Root, StringComparison.Ordinal))
            {
                foreach (ApiRoute route in routes)
                {
                    if (route.Match(path[Root.Length..]) is { } values)
                    {
                        await ApiAnswers.ServeAsync(context, request => route.ServeAsync(request, values));
                        return;
                    }
                }
            }

            await next(context);
        });
}
