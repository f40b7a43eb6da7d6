using System.Net;
using System.Net.Sockets;

namespace RemoteExec.TestKit;

/// <summary>Ports for programs that can't choose one themselves.</summary>
public static class FreePorts
{
    private const int Lowest = 20000, Highest = 29000; // below those that the system gives to clients; a cluster's bus is 10000 higher

    private static readonly Lock gate = new(); // guards what was given away
    private static readonly HashSet<int> taken = [];

    /// <summary>The first of several neighbours on loopback that nobody uses now, and that are not given away again.</summary>
    /// <param name="count">How many.</param>
    /// <param name="shift">If not 0, those that are so much higher are free too.</param>
    public static int First(int count, int shift = 0)
    {
        lock (gate)
        {
            while (true)
            {
                int first = Random.Shared.Next(Lowest, Highest);
                int[] ports = [.. Enumerable.Range(first, count)];
                if (ports.Any(taken.Contains) || !ports.All(port => IsFree(port) && (shift == 0 || IsFree(port + shift))))
                    continue;
                taken.UnionWith(ports);
                return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
