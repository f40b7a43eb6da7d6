using Microsoft.AspNetCore.Http;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Api.Stores;

/// <summary>The stores of the server, over HTTP as JSON: <c>GET /api/v1/stores</c>. Where callers are not told apart, looking is free to whoever reaches the listener.</summary>
/// <param name="stores">The stores.</param>
/// <param name="time">The clock.</param>
internal sealed class StoreEndpoints(StoreTree stores, TimeProvider time)
{
    /// <summary>The path.</summary>
    public ApiRoute Route => new("stores", "The stores as they are put together, with what each has, was asked for, has dropped and can't reach.", (context, _) => ListAsync(context)) { Answer = ApiJson.Default.StoresView };

    private Task ListAsync(HttpContext context)
    {
        _ = new ApiQuery(context, time);
        return ApiAnswers.WriteAsync(context, new StoresView(time.GetUtcNow(), [.. stores.Roots.Select(root => new StoreRoot(root.Place, StoreViews.Of(root.Store)))]), ApiJson.Default.StoresView);
    }
}
