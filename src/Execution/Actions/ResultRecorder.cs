using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Actions;

/// <summary>
/// What happens to a worker's result before its clients get it: workers are trusted to run commands, not to have uploaded what they name.
/// Only this side writes the action cache.
/// </summary>
internal sealed class ResultRecorder(IBlobStore cas, IActionCache cache)
{
    /// <summary>The blobs a result names that are not in the CAS; what is there counts as used.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<IReadOnlyCollection<Digest>> FindMissingAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        var named = new List<Digest>();
        foreach (Reapi.Digest? digest in result.OutputFiles.Select(file => file.Digest)
            .Concat(result.OutputDirectories.SelectMany(directory => new[] { directory.TreeDigest, directory.RootDirectoryDigest }))
            .Append(result.StdoutDigest).Append(result.StderrDigest))
        {
            if (digest is not null && actionDigest.TryParseSibling(digest, out Digest parsed, out _))
                named.Add(parsed);
        }

        return named.Count == 0 ? [] : await cas.FindMissingAsync(named, cancellationToken);
    }

    /// <summary>Stores a result that is complete.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public Task StoreAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken) =>
        cache.PutAsync(actionDigest, result, cancellationToken);
}
