using System.Buffers;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Quotas;

/// <summary>
/// Holds tenants to their quotas: an interceptor, and the same for HTTP. Whose a call is says the name that it begins with, of an instance or of a resource: the quota of <c>team</c> is for
/// <c>team/ci</c> as well, both together. What has none of its own falls under that of the empty name, if there is one.
/// </summary>
internal sealed class TenantQuotas
{
    private const int LongestName = 1024;
    private readonly Dictionary<string, Tenant>.AlternateLookup<ReadOnlySpan<char>> tenants;
    private readonly IReadOnlyList<Tenant> all;

    /// <summary>Takes the quotas of the settings.</summary>
    public TenantQuotas(IReadOnlyDictionary<string, TenantLimitOptions> quotas, TimeProvider time)
    {
        all = [.. quotas.Select(quota => new Tenant(quota.Key, quota.Value, time))];
        tenants = all.ToDictionary(tenant => tenant.Name, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Tells how often each was told to come again: <c>remoteexec.tenant.refused</c>.</summary>
    public void Observe(Meter meter) => meter.CreateObservableCounter(
        "remoteexec.tenant.refused", () => all.Select(tenant => new Measurement<long>(tenant.Refused, new KeyValuePair<string, object?>("remoteexec.tenant", tenant.Name))), "{call}",
        "Calls that were told to come again as their tenant had asked for too much.");

    /// <summary>Stands before a handler of gRPC.</summary>
    public async Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        if (Of(await call.Requests.PeekAsync(LongestName, NameOf, call.CancellationToken)) is not { } tenant)
        {
            await next(call);
            return;
        }

        if (await tenant.EnterAsync(call.CancellationToken) is { } refusal)
        {
            call.FailAsTooMuch(refusal.Message, refusal.Wait);
            return;
        }

        try
        {
            call.Requests.OnMessage = tenant.ReceiveAsync;
            call.Responses.OnFlush = tenant.SendAsync;
            await next(call);
            await call.Responses.PaceAsync(call.CancellationToken); // of what goes out with the status
        }
        finally
        {
            tenant.Leave();
        }
    }

    /// <summary>Stands before what serves HTTP.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            if (Of((context.Request.Path.Value ?? "").TrimStart('/')) is not { } tenant)
            {
                await next(context);
                return;
            }

            if (await tenant.EnterAsync(context.RequestAborted) is { } refusal)
            {
                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                context.Response.Headers.RetryAfter = Math.Ceiling(refusal.Wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                context.Response.ContentType = "text/plain; charset=utf-8";
                await context.Response.WriteAsync(refusal.Message + "\n", context.RequestAborted);
                return;
            }

            try
            {
                await tenant.ReceiveAsync(context.Request.ContentLength ?? 0, context.RequestAborted);
                await next(context);
                await tenant.SendAsync(context.Response.ContentLength ?? 0, context.RequestAborted);
            }
            finally
            {
                tenant.Leave();
            }
        });

    /// <summary>Whose a name is; null for nobody's who has a quota.</summary>
    internal Tenant? Of(string? text)
    {
        ReadOnlySpan<char> name = text ?? "";
        if (name.Length > LongestName)
            name = name[..LongestName];
        while (true)
        {
            if (tenants.TryGetValue(name, out Tenant? tenant))
                return tenant;
            if (name.IsEmpty)
                return null;
            int slash = name.LastIndexOf('/');
            name = slash < 0 ? [] : name[..slash];
        }
    }

    // Of an instance, a resource or an operation: they all stand in the first field.
    private static string? NameOf(ReadOnlySequence<byte> start)
    {
        Span<byte> bytes = stackalloc byte[(int)Math.Min(start.Length, LongestName)];
        start.Slice(0, bytes.Length).CopyTo(bytes);
        var reader = new FieldReader(bytes);
        return reader.TryReadVarint(out ulong tag) && tag == ((1 << 3) | 2) && reader.TryReadBytes(out ReadOnlySpan<byte> name) ? Encoding.UTF8.GetString(name) : null;
    }
}
