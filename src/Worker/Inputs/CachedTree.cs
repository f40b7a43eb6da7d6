using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>A directory with all beneath it, that is there and does not change until this is disposed.</summary>
/// <param name="hold">Keeps it.</param>
/// <param name="root">Which it is.</param>
internal sealed class CachedTree(TreeHold hold, Digest root) : IDisposable
{
    /// <summary>Where it is: an absolute path. Never to be written to.</summary>
    public string Path => hold.PathOf(root);

    /// <summary>Lets the cache drop it.</summary>
    public void Dispose() => hold.Dispose();
}
