using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Remote;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Push;

/// <summary>What the server has of a directory from before, as far as that can be guessed: large files are likely to have most of their content in common with what was at their place there.</summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="server">Cuts blobs.</param>
/// <param name="roots">Trees that may be earlier ones of this directory, the likeliest first; the server need not have them.</param>
internal sealed class EarlierTrees(IBlobStore cas, CasClient server, IReadOnlyList<Digest> roots)
{
    /// <summary>The trees to look into: what the caller knows of, what was pushed from the directory last, and what was pulled into it.</summary>
    public static IReadOnlyList<Digest> RootsOf(string directory, TreePushOptions options, DigestFunction function)
    {
        var roots = new List<Digest>();
        if (options.Earlier is { } given && given.Function == function)
            roots.Add(given);
        if (options.State is { } state)
        {
            if (Load(state.PushOf(directory), options.Instance, function) is { } pushed)
                roots.Add(pushed);
            if (PullState.Load(state.PullOf(directory), options.Instance) is { } pulled && pulled.Root.Function == function)
                roots.Add(pulled.Root);
        }

        return [.. roots.Distinct()];
    }

    /// <summary>Remembers what was pushed. That it can't be is no failure: then a large file that changes is sent whole.</summary>
    public static void Remember(StateFiles state, string directory, Digest root)
    {
        try
        {
            StateFiles.Write(state.PushOf(directory), Encoding.ASCII.GetBytes(root.ToArgument()));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // As if nothing had been pushed.
        }
    }

    /// <summary>Whether the server has an earlier content of a file that is like it, and has cut that into chunks now.</summary>
    /// <param name="path">The file's path in the tree.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public async Task<bool> HaveChunksOfAsync(string path, SafeFileHandle file, CancellationToken cancellationToken)
    {
        foreach (Digest root in roots)
        {
            if (await FindAsync(root, path, cancellationToken) is { SizeBytes: >= ChunkedUpload.MinBytes } earlier
                && await Likeness.IsFoundAsync(cas, earlier, file, cancellationToken) && await server.SplitAsync(earlier, cancellationToken) is not null)
                return true;
        }

        return false;
    }

    private async Task<Digest?> FindAsync(Digest root, string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await StoredPath.FindAsync(cas, root, path, cancellationToken)).File;
        }
        catch (TreeException)
        {
            return null; // the tree has left, or has no such file
        }
    }

    private static Digest? Load(string path, InstanceName instance, DigestFunction function)
    {
        try
        {
            string text = File.Exists(path) ? File.ReadAllText(path) : "", prefix = $"{function.Name()}:";
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            return slash > prefix.Length && text.StartsWith(prefix, StringComparison.Ordinal)
                && long.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long size)
                && Digest.TryParse(instance, function, text.AsSpan(prefix.Length..slash), size, out Digest root, out _)
                ? root
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
