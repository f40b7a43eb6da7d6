using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RemoteExec.Server.Hosting.Systemd;

/// <summary>
/// Sockets that listen already, passed by systemd's socket units (sd_listen_fds(3): <c>LISTEN_PID</c>, <c>LISTEN_FDS</c>, descriptors from 3 on): who connects while the server is
/// started again waits, and is not refused. A listener takes the one that listens at its address.
/// </summary>
internal sealed partial class InheritedSockets : IDisposable
{
    private const int First = 3;
    private const int SetDescriptorFlags = 2; // F_SETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC
    private readonly List<Socket> sockets = [];

    /// <summary>Takes over what this process was passed; nothing if it was passed none.</summary>
    /// <exception cref="StartupException">What was passed are no sockets.</exception>
    public InheritedSockets()
    {
        if (Environment.GetEnvironmentVariable("LISTEN_PID") != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            return;
        }

        // What this server starts is not meant.
        foreach (string name in (string[])["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
            Environment.SetEnvironmentVariable(name, null);
        for (int descriptor = First; descriptor < First + count; descriptor++)
        {
            _ = FCntl(descriptor, SetDescriptorFlags, CloseOnExec);
            try
            {
                sockets.Add(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));
            }
            catch (SocketException exception)
            {
                throw new StartupException($"file descriptor {descriptor}, which was passed to listen on (LISTEN_FDS={count}), is no socket: {exception.Message}", exception);
            }
        }
    }

    /// <summary>The socket that listens at an address, which is the caller's from now on; null if none does.</summary>
    public Socket? Take(EndPoint endPoint)
    {
        Socket? socket = sockets.Find(socket => socket.LocalEndPoint is { } local && (local.Equals(endPoint) || local.ToString() == endPoint.ToString()));
        if (socket is not null)
            sockets.Remove(socket);
        return socket;
    }

    /// <summary>Fails if a socket is left that nobody took: who connects there would wait for ever.</summary>
    /// <exception cref="StartupException">One is left.</exception>
    public void RequireAllTaken()
    {
        if (sockets.Count > 0)
            throw new StartupException($"a socket was passed that listens at {sockets[0].LocalEndPoint}, where no listener is to be: make ListenStream= of the socket unit and listeners.grpc, listeners.http or listeners.workers the same address");
    }

    /// <inheritdoc/>
    public void Dispose() => sockets.ForEach(socket => socket.Dispose());

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FCntl(int descriptor, int command, int argument);
}
