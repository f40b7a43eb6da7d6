using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Runs.Outputs;

/// <summary>Has what a command made on this machine: each output appears complete, verified and in one step, and takes the place of what was there.</summary>
/// <param name="directory">The directory that stands for the root of the inputs.</param>
/// <param name="cas">The server's blobs.</param>
/// <param name="server">Takes large blobs apart; null if nothing does.</param>
/// <param name="options">How directories are pulled.</param>
/// <param name="time">The clock.</param>
public sealed class OutputPull(string directory, IBlobStore cas, CasClient? server, TreePullOptions options, TimeProvider time)
{
    /// <summary>Whether symlinks that are in the directory already may lead an output elsewhere: only where whoever runs this has named the outputs himself.</summary>
    public bool FollowsSymlinks { get; init; }

    /// <summary>Fetches an output.</summary>
    /// <exception cref="RunException">A directory that is in the way has something in it that nobody has pulled there; or a symlink would lead it elsewhere.</exception>
    /// <exception cref="TreeException">The CAS lacks some of it, or it can't take its place.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task RunAsync(ProducedOutput output, CancellationToken cancellationToken)
    {
        string path = Path.Combine(directory, output.Path);
        if (!FollowsSymlinks)
            CheckSymlinks(output);
        if (output.Node.File is { } file)
            await FilePull.RunAsync(path, file, output.Node.IsExecutable, cas, cancellationToken);
        else if (output.Node.Target is { } target)
            await FilePull.LinkAsync(path, target);
        else
            await PullAsync(path, output.Node.Directory!.Value, cancellationToken);
    }

    // Outputs before may have been symlinks, and somebody else's action may mean to write where they lead.
    private void CheckSymlinks(ProducedOutput output)
    {
        string path = directory;
        string[] segments = output.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (string segment in output.Node.Directory is null ? segments.SkipLast(1) : segments)
        {
            path = Path.Combine(path, segment);
            if (new FileInfo(path).LinkTarget is { } target)
                throw new RunException($"'{path}' is a symlink to '{target}', and '{output.Path}' would be written there: delete it, or choose another directory with --download");
        }
    }

    private async Task PullAsync(string path, Digest root, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            using TreePull pull = TreePull.Look(path, root, cas, server, options, time, cancellationToken);
            await pull.RunAsync(new Progress<long>(), cancellationToken);
        }
        catch (LocalChangesException exception)
        {
            throw new RunException($"{exception.Message}; what the command made is {root.ToArgument()}", exception);
        }
    }
}
