using System.Net.Sockets;
using System.Text;

namespace RemoteExec.Server.Hosting.Systemd;

/// <summary>Tells systemd how the service is (sd_notify(3), units of <c>Type=notify</c>); nothing where <c>NOTIFY_SOCKET</c> is not set.</summary>
internal static class ServiceNotifier
{
    /// <summary>It serves.</summary>
    public const string Ready = "READY=1";

    /// <summary>It was told to stop, and lets what runs end.</summary>
    public const string Stopping = "STOPPING=1";

    /// <summary>Tells it.</summary>
    /// <exception cref="StartupException">It can't be told.</exception>
    public static void Tell(string state)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } path)
            return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            // A name of its own, without a file, begins with @.
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path));
        }
        catch (SocketException exception)
        {
            throw new StartupException($"systemd can't be told {state} at NOTIFY_SOCKET={path}: {exception.Message}", exception);
        }
    }
}
