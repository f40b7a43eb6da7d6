namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Another process, or another store of this one, has the directory open.</summary>
public sealed class StoreLockedException(string path, int? ownerProcessId)
    : CasException($"the store in '{path}' is in use by {(ownerProcessId is null ? "another process" : $"process {ownerProcessId}")}: "
                   + "stop that one, or give this one a directory of its own")
{
    /// <summary>The directory.</summary>
    public string Path { get; } = path;

    /// <summary>Who has it, as far as is known.</summary>
    public int? OwnerProcessId { get; } = ownerProcessId;
}
