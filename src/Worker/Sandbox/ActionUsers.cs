using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// Hands out user ids to actions. An id is claimed for as long as this object lives, by a name that the kernel takes back when the process
/// dies; so workers on one machine don't share ids.
/// </summary>
internal sealed class ActionUsers : IDisposable
{
    // Ids that neither Debian nor systemd gives to anybody, and that exist in a container with the usual 65536 ids.
    private const uint FirstId = 60600, LastId = 61183;

    // CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID, CAP_SETUID
    private const ulong NeededCapabilities = (1 << 0) | (1 << 1) | (1 << 3) | (1 << 5) | (1 << 6) | (1 << 7);

    private readonly ConcurrentBag<ActionUser> free = [];
    private readonly ConcurrentBag<ActionUser> claimed = [];
    private readonly ActionUser? shared;

    private ActionUsers(uint id) => shared = new ActionUser(id, null);

    /// <summary>Makes a source of user ids.</summary>
    /// <param name="maxProcesses">How many processes and threads each user may have at once; 0 for as many as the system allows.</param>
    public ActionUsers(int maxProcesses)
    {
        if (maxProcesses > 0)
            LimitProcesses(maxProcesses);
    }

    /// <summary>True if this process may run others under these ids: as root, in a container with the usual capabilities.</summary>
    public static bool AreAvailable() =>
        Libc.Numbers is not null && HasCapabilities() && IsMapped(FirstId) && IsMapped(LastId);

    /// <summary>One user for all actions at the same time: for sandboxes that keep them apart by other means.</summary>
    public static ActionUsers OneForAll(uint id) => new(id);

    /// <summary>Takes a user that nobody else has until it is given back by <see cref="Return"/>.</summary>
    /// <exception cref="InvalidOperationException">All ids are taken.</exception>
    public ActionUser Take()
    {
        if (shared is not null)
            return shared;
        if (free.TryTake(out ActionUser? user))
            return user;
        for (uint id = FirstId; id <= LastId; id++)
        {
            // Processes under an id that nobody claims are not ours to end: another use of the id, it seems.
            if (TryClaim(id) is not { } socket)
                continue;
            if (IsInUse(id))
            {
                socket.Dispose();
                continue;
            }

            var found = new ActionUser(id, socket);
            claimed.Add(found);
            return found;
        }

        throw new InvalidOperationException($"all user ids from {FirstId} to {LastId} are in use");
    }

    /// <summary>Gives a user back; nothing runs under it any more.</summary>
    public void Return(ActionUser user)
    {
        if (user != shared)
            free.Add(user);
    }

    /// <summary>Gives up the claims.</summary>
    public void Dispose()
    {
        foreach (ActionUser user in claimed)
            user.Release();
    }

    /// <summary>Ends all processes of a user at once. As the user itself, who can't reach any other's: see <see cref="ActionThread"/>.</summary>
    internal static Task KillAllAsync(uint id) =>
        ActionThread.RunAsync(() =>
        {
            ActionThread.BecomeUser(id);

            // While this walks the processes none can fork: one that is about to finds the signal pending first.
            return Libc.Kill(-1, Libc.SIGKILL);
        });

    /// <summary>Ends what a worker that crashed left running under an id, unless a worker that lives claims the id by now.</summary>
    internal static async Task KillLeftoversAsync(uint id)
    {
        if (id is < FirstId or > LastId || TryClaim(id) is not { } socket)
            return;
        using (socket)
            await KillAllAsync(id);
    }

    /// <summary>True if a user may enter a directory.</summary>
    internal static Task<bool> CanEnterAsync(ActionUser user, string directory) =>
        ActionThread.RunAsync(() =>
        {
            const int Execute = 1;
            ActionThread.BecomeUser(user.Id);
            return Libc.Access(directory, Execute) == 0;
        });

    // New processes inherit the limit from the worker, so that it holds before their first instruction. The kernel counts by user, and does not
    // hold root to it.
    private static unsafe void LimitProcesses(int maxProcesses)
    {
        const int Self = 0;
        ulong* limit = stackalloc ulong[2];
        NativeException.ThrowIfNegative(Libc.PrLimit(Self, Libc.RLIMIT_NPROC, null, limit), "prlimit");
        limit[0] = limit[1] = Math.Min((ulong)maxProcesses, limit[1]);
        NativeException.ThrowIfNegative(Libc.PrLimit(Self, Libc.RLIMIT_NPROC, limit, null), "prlimit");
    }

    private static Socket? TryClaim(uint id)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            // The leading NUL makes it a name without a file, which disappears with the socket.
            socket.Bind(new UnixDomainSocketEndPoint($"\0remoteexec/action-user/{id}"));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private static bool IsInUse(uint id) => ProcessStatus.All().Any(process => ProcessStatus.UserOf(process.Id) == id);

    private static bool HasCapabilities()
    {
        const string Effective = "CapEff:";
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith(Effective, StringComparison.Ordinal));
        if (line is null)
            return false;
        ulong capabilities = ulong.Parse(line.AsSpan(Effective.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return (capabilities & NeededCapabilities) == NeededCapabilities;
    }

    // Lines of "first id here, first id outside, number of ids".
    private static bool IsMapped(uint id) =>
        File.ReadLines("/proc/self/uid_map")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(range => id >= Number(range[0]) && id < Number(range[0]) + Number(range[2]));

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
