using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>Where the worker finds what an action sees: good for a look at what kind of file it is, not for its content.</summary>
/// <param name="directory">The action's directory.</param>
/// <param name="host">What it sees of the machine.</param>
internal sealed class SandboxView(ActionDirectory directory, HostMounts host)
{
    /// <summary>The place of an absolute path; null if nothing is there.</summary>
    public string? Locate(string path)
    {
        string full = Path.GetFullPath(path);
        if (PathInRoot.IsInside(NamespaceSandbox.Root, full))
        {
            // What leads out of the root leads to the machine's tools, which are at the same place for both.
            string below = full[NamespaceSandbox.Root.Length..].TrimStart('/');
            return PathInRoot.Resolve(directory.Root, below, followLast: true, NamespaceSandbox.Root) ?? Path.Join(directory.Root, below);
        }

        if (PathInRoot.IsInside(NamespaceSandbox.Temporary, full))
            return Path.Join(directory.Temporary, full[NamespaceSandbox.Temporary.Length..]);
        return host.Places.Any(place => PathInRoot.IsInside(place.Path, full)) ? full : null;
    }
}
