using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Services;

namespace RemoteExec.Server.Api;

/// <summary>
/// What the action of an operation writes, as it writes it and until it is done, as plain text: <c>GET /api/v1/operations/{name}/stdout</c> and <c>stderr</c>. Each piece is sent at once.
/// An action that is tried again begins anew. If the log can't be followed to its end, the connection is broken off.
/// </summary>
/// <param name="logs">Has the logs.</param>
/// <param name="time">The clock.</param>
internal sealed class LogEndpoints(OperationLogs logs, TimeProvider time)
{
    private const string Text = "text/plain";

    /// <summary>The paths.</summary>
    public IEnumerable<ApiRoute> Routes =>
    [
        new("operations/{name...}/stdout", "What the action of an operation writes to its standard output, from the beginning and until it is done.", (context, values) => SendAsync(context, values[0], isError: false)) { ContentType = Text },
        new("operations/{name...}/stderr", "The same of its standard error.", (context, values) => SendAsync(context, values[0], isError: true)) { ContentType = Text },
    ];

    private async Task SendAsync(HttpContext context, string name, bool isError)
    {
        CancellationToken stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        _ = new ApiQuery(context, time);
        OperationLog log = await logs.OpenAsync(name, isError, context.RequestAborted);
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        await context.Response.StartAsync(context.RequestAborted); // it may be long before there is something to read
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await log.CopyToAsync(context.Response.Body, over.Token);
        }
        catch (Exception exception) when (exception is OperatorCallException || (exception is OperationCanceledException && stopping.IsCancellationRequested))
        {
            context.Abort(); // who reads it sees that this is not the end
        }
    }
}
