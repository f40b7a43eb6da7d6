using System.Net;
using System.Net.Sockets;
using RemoteExec.Server.Hosting.Systemd;

namespace RemoteExec.Server.Hosting;

/// <summary>Binds the sockets that Kestrel listens on, or takes those that were passed, and says in one line why one can't be bound.</summary>
internal sealed class ListenSockets(IReadOnlyCollection<Listener> listeners, InheritedSockets inherited)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Binds one socket; for Kestrel's <c>CreateBoundListenSocket</c>.</summary>
    /// <exception cref="StartupException">The address can't be had.</exception>
    public Socket Bind(EndPoint endPoint)
    {
        if (inherited.Take(endPoint) is { } passed)
            return passed;
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint is UnixDomainSocketEndPoint unix)
                BindUnix(socket, unix);
            else
                socket.Bind(endPoint);
            return socket;
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            socket.Dispose();
            throw Explain(endPoint, exception);
        }
    }

    private static void BindUnix(Socket socket, UnixDomainSocketEndPoint endPoint)
    {
        string path = endPoint.ToString();
        if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
            Directory.CreateDirectory(directory);
        RemoveStale(path, endPoint);
        socket.Bind(endPoint);
        // Nobody can connect before Kestrel calls Listen, so there is no moment in which others may.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, OwnerOnly);
    }

    /// <summary>Removes the socket that a killed server left; one that answers is in use.</summary>
    private static void RemoveStale(string path, UnixDomainSocketEndPoint endPoint)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // A regular file refuses too: only a socket may go.
            if (!IsSocket(path))
                throw new IOException($"{path} exists and is no socket");
            File.Delete(path);
            return;
        }

        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }

    /// <summary>Whether what refuses a connection is a socket: a file can be opened, a socket can't.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private StartupException Explain(EndPoint endPoint, Exception exception)
    {
        Listener? listener = listeners.FirstOrDefault(listener => endPoint is IPEndPoint
            ? endPoint.Equals(listener.Address.EndPoint)
            : endPoint.ToString() == listener.Address.SocketPath);
        string reason = exception switch
        {
            SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => "it is in use by another process",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "it is no address of this machine",
            SocketException { SocketErrorCode: SocketError.AccessDenied } => "permission denied",
            _ => exception.Message,
        };
        return new StartupException($"can't listen on {listener?.Address.ToString() ?? endPoint.ToString()}: {reason}; choose another with {listener?.Flag ?? "--data"}", exception);
    }
}
