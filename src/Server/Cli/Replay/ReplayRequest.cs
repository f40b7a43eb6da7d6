using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Worker;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>What is to be replayed, and how.</summary>
/// <param name="Name">The action's digest, or the name of an operation.</param>
/// <param name="Instance">The instance that a digest is of.</param>
internal sealed record ReplayRequest(string Name, InstanceName Instance)
{
    /// <summary>True for a shell in the place of the command.</summary>
    public bool Shell { get; init; }

    /// <summary>True to answer in JSON.</summary>
    public bool Json { get; init; }

    /// <summary>Where all of it is left: an absolute path; null for nowhere.</summary>
    public string? Keep { get; init; }

    /// <summary>The settings of the worker that this machine is meanwhile.</summary>
    public required WorkerOptions Worker { get; init; }

    /// <summary>True if an operation is named.</summary>
    public bool IsOperation => PastOperation.IsName(Name);

    /// <summary>The digest that is named; null if an operation is.</summary>
    public Digest? Digest => IsOperation ? null : DigestArgument.Parse(Instance, Name);

    /// <summary>Checks what is named.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public void CheckName()
    {
        if (!IsOperation && Digest is null)
            throw new UsageException($"'{Name}' is neither a digest, HASH/SIZE, nor the name of an operation, operations/…");
    }
}
