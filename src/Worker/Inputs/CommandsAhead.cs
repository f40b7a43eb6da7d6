using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Reads commands, and remembers those that were read ahead: the latest few, of ordinary length. May be called concurrently.</summary>
/// <param name="cas">Where they come from.</param>
internal sealed class CommandsAhead(IBlobStore cas)
{
    private const int MostKept = 64;
    private const long LongestKept = 256 * 1024;
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<Digest, Reapi.Command> known = [];
    private readonly Queue<Digest> byAge = new();

    /// <summary>Reads a command; null if the CAS lacks it. It is not to be changed.</summary>
    /// <exception cref="InvalidActionException">The blob is no command, or too long for one (DIR-08).</exception>
    public ValueTask<Reapi.Command?> ReadAsync(Digest digest, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (known.TryGetValue(digest, out Reapi.Command? command))
                return ValueTask.FromResult<Reapi.Command?>(command);
        }

        return BlobMessages.ReadAsync(cas, digest, Reapi.Command.Parser, "command", cancellationToken);
    }

    /// <summary>Reads a command for later.</summary>
    /// <exception cref="InvalidActionException">The blob is no command.</exception>
    public async Task FetchAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (digest.SizeBytes > LongestKept || await ReadAsync(digest, cancellationToken) is not { } command)
            return;
        lock (gate)
        {
            if (!known.TryAdd(digest, command))
                return;
            byAge.Enqueue(digest);
            if (byAge.Count > MostKept)
                known.Remove(byAge.Dequeue());
        }
    }
}
