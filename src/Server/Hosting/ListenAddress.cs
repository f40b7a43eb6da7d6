using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace RemoteExec.Server.Hosting;

/// <summary>Where a listener listens: <c>ADDRESS:PORT</c> (port 0: a free one) or <c>unix:PATH</c>.</summary>
internal sealed record ListenAddress
{
    private ListenAddress(IPEndPoint? endPoint, string? socketPath)
    {
        EndPoint = endPoint;
        SocketPath = socketPath;
    }

    /// <summary>The TCP endpoint; null for a UNIX socket.</summary>
    public IPEndPoint? EndPoint { get; }

    /// <summary>The path of the UNIX socket; null for TCP.</summary>
    public string? SocketPath { get; }

    /// <summary>True if no other machine can reach it: loopback, or a UNIX socket.</summary>
    public bool IsOfThisMachine => EndPoint is null || IPAddress.IsLoopback(EndPoint.Address);

    /// <summary>True if it is an address to call, and not every address of the machine, nor a UNIX socket.</summary>
    public bool CanBeCalled => EndPoint is { Address: { } address } && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    /// <summary>The address of a TCP endpoint.</summary>
    public static ListenAddress Of(IPEndPoint endPoint) => new(endPoint, null);

    /// <summary>The address of a UNIX socket.</summary>
    public static ListenAddress OfSocket(string path) => new(null, path);

    /// <summary>Parses an address; <paramref name="error"/> says what is wrong with a bad one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListenAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        error = null;
        if (text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > "unix:".Length && !text.Contains('\0'))
            address = new ListenAddress(null, Path.GetFullPath(text["unix:".Length..]));
        else if (IPEndPoint.TryParse(text.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal), out IPEndPoint? endPoint) && text.Contains(':', StringComparison.Ordinal))
            address = new ListenAddress(endPoint, null);
        else
            error = $"'{text}' is no address to listen on: write ADDRESS:PORT, for example 127.0.0.1:8980, or unix:PATH";
        return error is null;
    }

    /// <summary>Parses an address that is known to be good.</summary>
    public static ListenAddress Parse(string text) =>
        TryParse(text, out ListenAddress? address, out string? error) ? address : throw new FormatException(error);

    /// <summary>The address as <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => SocketPath is null ? EndPoint!.ToString() : $"unix:{SocketPath}";
}
