using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;
using RemoteExec.Runs.Remote;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Outputs;

/// <summary>What a result says that a command made, in whichever of the ways the API has for that.</summary>
public static class ProducedOutputs
{
    /// <summary>Where an action declares outputs, in the form of <see cref="RootPath"/> and in their order.</summary>
    /// <exception cref="RunException">One leads out of the root.</exception>
    public static IReadOnlyList<string> Declared(StoredAction action)
    {
        Reapi.Command command = action.Command;
#pragma warning disable CS0612 // deprecated, but still sent
        IEnumerable<string> paths = command.OutputPaths.Count > 0 ? command.OutputPaths : command.OutputFiles.Concat(command.OutputDirectories);
#pragma warning restore CS0612
        return [.. paths.Select(path => Resolve(action, path)).Distinct(StringComparer.Ordinal).Order(Utf8Order.Instance)];
    }

    /// <summary>Finds what was made, by path. Nothing else than what was declared is taken.</summary>
    /// <param name="action">The action.</param>
    /// <param name="run">What came of it.</param>
    /// <param name="cas">The server's blobs; directories of a result that are in no blobs of their own become such.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RunException">The result is damaged.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<IReadOnlyList<ProducedOutput>> FindAsync(StoredAction action, FinishedRun run, IBlobStore cas, CancellationToken cancellationToken)
    {
        if (run.Result is not { } result)
            return [];
        HashSet<string> declared = [.. Declared(action)];
        Dictionary<string, StoredNode> found = new(StringComparer.Ordinal);
#pragma warning disable CS0612 // deprecated, but still sent
        IEnumerable<Reapi.OutputSymlink> links = [.. result.OutputSymlinks, .. result.OutputFileSymlinks, .. result.OutputDirectorySymlinks];
#pragma warning restore CS0612
        foreach (Reapi.OutputSymlink link in links)
            Add(link.Path, new StoredNode("") { Target = link.Target });
        foreach (Reapi.OutputFile file in result.OutputFiles)
            Add(file.Path, new StoredNode("") { File = OutputDirectory.Parse(action.Digest, file.Digest), IsExecutable = file.IsExecutable });
        foreach (Reapi.OutputDirectory directory in result.OutputDirectories)
            Add(directory.Path, new StoredNode("") { Directory = await OutputDirectory.FindAsync(action.Digest, directory, cas, cancellationToken) });
        return [.. WithoutInner(found).OrderBy(output => output.Key, Utf8Order.Instance).Select(output => new ProducedOutput(output.Key, output.Value))];

        void Add(string path, StoredNode node)
        {
            string resolved = Resolve(action, path);
            if (!declared.Contains(resolved))
                throw new RunException($"the server tells of an output '{path}', which the command does not declare");
            found[resolved] = node;
        }
    }

    // What lies in a directory that was made is there with that. In anything else nothing can lie: a symlink would lead it elsewhere.
    private static IEnumerable<KeyValuePair<string, StoredNode>> WithoutInner(Dictionary<string, StoredNode> found)
    {
        foreach (KeyValuePair<string, StoredNode> output in found)
        {
            string? outer = found.Keys.FirstOrDefault(other => other != output.Key && (other.Length == 0 || output.Key.StartsWith(other + "/", StringComparison.Ordinal)));
            if (outer is null)
                yield return output;
            else if (found[outer].Directory is null)
                throw new RunException($"the server tells of an output '{output.Key}' in '{outer}', which is no directory");
        }
    }

    private static string Resolve(StoredAction action, string path) =>
        RootPath.Resolve(action.WorkingDirectory, path) ?? throw new RunException($"the output '{path}' of {action.Digest.ToArgument()} leads out of its inputs");
}
