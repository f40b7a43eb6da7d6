using RemoteExec.Cas;
using RemoteExec.Fetching;
using RemoteExec.Images;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Git;

/// <summary>
/// Fetches repositories of git by https, and puts the files of one commit into a CAS, as they are in the repository and under the rules that hold for archives. Thread-safe.
/// </summary>
/// <param name="cas">Where they go.</param>
/// <param name="addresses">Where repositories may be fetched from.</param>
/// <param name="options">How.</param>
internal sealed class GitFetch(IBlobStore cas, FetchableAddresses addresses, AssetFetchOptions options)
{
    /// <summary>Fetches a commit; the CAS has all of it when this returns.</summary>
    /// <param name="place">Where the repository is.</param>
    /// <param name="revision">What of it is wanted.</param>
    /// <param name="headers">What is sent with requests.</param>
    /// <param name="request">Says which directory of it is wanted, and which digests.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The digest of the root directory.</returns>
    /// <exception cref="FetchFailedException">It can't be had.</exception>
    /// <exception cref="AssetException">It is not what it was to be, or there is no git on this machine.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<Digest> StoreAsync(Uri place, GitRevision revision, IReadOnlyList<KeyValuePair<string, string>> headers, AssetRequest request, CancellationToken cancellationToken)
    {
        if (FetchableAddresses.ProblemOf(place, allowsPlain: false) is { } problem)
            throw new FetchFailedException($"{HttpDownloads.Show(place)} {problem}") { Failure = FetchFailure.Refused };
        string directory = Path.Combine(options.SpoolDirectory, Path.GetRandomFileName());
        Directory.CreateDirectory(directory);
        try
        {
            await using var proxy = new FetchProxy(addresses, options.MaxBytes);
            var repository = new GitRepository(new GitProgram(directory, proxy, headers, options), proxy, place);
            string commit = await repository.FetchAsync(revision, cancellationToken);
            string archive = Path.Combine(directory, "archive");
            await repository.ExportAsync(commit, archive, cancellationToken);
            await using FileStream file = File.OpenRead(archive);
            return await new ArchiveImport(cas, options.MaxBytes, options.SpoolDirectory)
                .StoreAsync(file, ArchiveType.Tar, request.Instance, request.Function, request.Qualifiers.Directory, cancellationToken);
        }
        catch (ImageException exception)
        {
            throw new AssetException(AssetFailure.Inconsistent, exception.Message, exception);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
