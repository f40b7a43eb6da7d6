using System.Net;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Rpc.Server;

/// <summary>Tells clients on this machine from others.</summary>
public static class LocalClient
{
    /// <summary>The header of calls that another server of ours makes for a client.</summary>
    public const string ForwardedHeader = "remoteexec-forwarded";

    // What those add that speak for others.
    private static readonly string[] forwarding = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via", ForwardedHeader];

    /// <summary>True if a request came over loopback or a UNIX socket, and no proxy says that it speaks for another.</summary>
    public static bool Is(HttpContext context)
    {
        IPAddress? address = context.Connection.RemoteIpAddress;
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        return (address is null || IPAddress.IsLoopback(address)) && !forwarding.Any(context.Request.Headers.ContainsKey);
    }
}
