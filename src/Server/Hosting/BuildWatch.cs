using Microsoft.AspNetCore.Builder;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Server.Hosting;

/// <summary>Tells which builds are under way by the calls they make: an interceptor, behind the <see cref="RequestMetadataInterceptor"/>, and the same for HTTP.</summary>
/// <param name="builds">What is told.</param>
/// <param name="isForWorkers">True where workers call: what they do without naming a build, they do for one that is known by its own calls.</param>
internal sealed class BuildWatch(LiveBuilds builds, bool isForWorkers)
{
    /// <summary>Stands before a handler of gRPC.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        if (!IsOfBuild(call.Method))
            return next(call);
        string? name = call.Get<CallMetadata>()?.ToolInvocationId;
        if (string.IsNullOrEmpty(name))
        {
            if (isForWorkers)
                return next(call);
            if (MayWrite(call.Method))
                LiveBuilds.SetNameless();
        }

        LiveBuild? build = builds.Enter(name);
        if (MayTakeLong(call.Method))
            return ServeAsync(build, call, next);
        builds.Leave(build);
        return next(call);
    }

    /// <summary>Stands before what serves HTTP, where builds have no names.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            LiveBuilds.SetNameless();
            LiveBuild? build = builds.Enter(null);
            try
            {
                await next(context);
            }
            finally
            {
                builds.Leave(build);
            }
        });

    private async Task ServeAsync(LiveBuild? build, RpcCall call, RpcHandler next)
    {
        try
        {
            await next(call);
        }
        finally
        {
            builds.Leave(build);
        }
    }

    // Not those who look whether the server is well.
    private static bool IsOfBuild(string method) =>
        method.StartsWith("/build.bazel.remote.execution.", StringComparison.Ordinal) || method.StartsWith("/google.bytestream.", StringComparison.Ordinal)
        || method.StartsWith("/build.bazel.remote.asset.", StringComparison.Ordinal);

    private static bool MayTakeLong(string method) =>
        method.StartsWith("/google.bytestream.", StringComparison.Ordinal) || method.Contains(".Execution/", StringComparison.Ordinal) || method.Contains(".Fetch/", StringComparison.Ordinal);

    // To say so for all others would cost them more than much of what they do.
    private static bool MayWrite(string method) => method is not (
        "/build.bazel.remote.execution.v2.ActionCache/GetActionResult"
        or "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs"
        or "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs"
        or "/build.bazel.remote.execution.v2.ContentAddressableStorage/GetTree"
        or "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities"
        or "/google.bytestream.ByteStream/Read"
        or "/google.bytestream.ByteStream/QueryWriteStatus");
}
