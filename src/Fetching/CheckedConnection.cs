using System.Net;
using System.Net.Sockets;

namespace RemoteExec.Fetching;

/// <summary>Connections to addresses from which something may be fetched: what is checked is the very address that is connected to.</summary>
internal static class CheckedConnection
{
    /// <summary>Connects.</summary>
    /// <param name="addresses">Which may be fetched from.</param>
    /// <param name="host">The name of the machine, or its address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="isLocalOnly">Whether it has to be this machine.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FetchFailedException">Nothing is fetched from there.</exception>
    /// <exception cref="SocketException">It can't be reached.</exception>
    public static async Task<Socket> OpenAsync(FetchableAddresses addresses, string host, int port, bool isLocalOnly, CancellationToken cancellationToken)
    {
        IPAddress[] found = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await LookUpAsync(host, cancellationToken);
        IPAddress[] allowed = [.. found.Where(address => addresses.Contains(address) && (!isLocalOnly || IPAddress.IsLoopback(address)))];
        if (allowed.Length == 0)
        {
            throw new FetchFailedException($"nothing is fetched from {host}, as its address is private or reserved: {string.Join(", ", found.Take(3).Select(address => address.ToString()))}")
            {
                Failure = FetchFailure.Refused,
            };
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (ArgumentException exception)
        {
            throw new FetchFailedException($"'{host}' is no name that a machine can have", exception) { Failure = FetchFailure.Absent };
        }
    }
}
