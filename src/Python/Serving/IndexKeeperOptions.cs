using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Serving;

/// <summary>What looking after indexes needs to know.</summary>
public sealed record IndexKeeperOptions
{
    /// <summary>Where they are.</summary>
    public required IBlobStore Cas { get; init; }

    /// <summary>The references of an instance, by name.</summary>
    public required Func<InstanceName, string, IIndexReference> Open { get; init; }

    /// <summary>The indexes that somebody has put something into.</summary>
    public required Func<CancellationToken, Task<IReadOnlyList<IndexName>>> ListAsync { get; init; }

    /// <summary>How long what stays in an index.</summary>
    public required Func<IndexName, RetentionOptions> RetentionOf { get; init; }
}
