using Microsoft.AspNetCore.Http;
using RemoteExec.Builds.Critical;

namespace RemoteExec.Server.Api;

/// <summary>The critical path of a build, over HTTP as JSON: <c>/api/v1/builds/{id}/critical-path</c>. It is looked for when it is asked for, which takes a second or so for a build of ten thousand actions.</summary>
/// <param name="paths">Who finds it; null if nothing is written down of builds.</param>
/// <param name="time">The clock.</param>
internal sealed class CriticalPathEndpoint(CriticalPathFinder? paths, TimeProvider time)
{
    /// <summary>The path.</summary>
    public ApiRoute Route => new("builds/{id}/critical-path", "The critical path of a build: the chain of actions, each of which needed what the one before made, that took longest.", (context, values) => FindAsync(context, values[0])) { Answer = ApiJson.Default.CriticalPath };

    private async Task FindAsync(HttpContext context, string id)
    {
        _ = new ApiQuery(context, time);
        CriticalPathFinder finder = paths
            ?? throw new ApiProblemException(StatusCodes.Status404NotFound, "this server does not write down what builds do: set builds.maxBytes to a size, or look into its log for why it can't");
        CriticalPath found = await finder.FindAsync(id, context.RequestAborted)
            ?? throw new ApiProblemException(StatusCodes.Status404NotFound, $"no build '{id}' is known: it may be too old, or not have come here; /api/v1/builds has those that are");
        await ApiAnswers.WriteAsync(context, found, ApiJson.Default.CriticalPath);
    }
}
