using System.Net;
using System.Net.Http.Headers;

namespace RemoteExec.Fetching;

/// <summary>What is there of a file that is downloaded, and by what it is known whether the rest is of the same file. Not thread-safe.</summary>
/// <param name="file">Where it goes.</param>
internal sealed class PartialDownload(Stream file)
{
    private RangeConditionHeaderValue? version;

    /// <summary>How much is there, in bytes.</summary>
    public long Length => file.Length;

    /// <summary>How often something that was there had to be given up.</summary>
    public int Restarts { get; private set; }

    /// <summary>Asks for the rest only, if something is there, and if it can be told whether it is the rest of that.</summary>
    public void Continue(HttpRequestMessage request)
    {
        if (file.Length == 0 || version is null)
            return;
        request.Headers.Range = new RangeHeaderValue(file.Length, null);
        request.Headers.IfRange = version;
    }

    /// <summary>Takes an answer for the rest, or for all of it.</summary>
    /// <exception cref="FetchFailedException">It is another part than was asked for.</exception>
    public void Begin(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (version is not null && file.Length > 0 && response.Content.Headers.ContentRange?.From == file.Length)
                return;
            Forget();
            throw new FetchFailedException($"{HttpDownloads.Show(response.RequestMessage!.RequestUri!)} answers with another part than it was asked for");
        }

        if (file.Length > 0)
            Restarts++;
        file.SetLength(0);
        file.Position = 0;
        version = VersionOf(response);
    }

    /// <summary>Appends what has come.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => file.WriteAsync(data, cancellationToken);

    /// <summary>Begins anew the next time.</summary>
    public void Forget() => version = null;

    // A weak tag, or a date, says that two files are alike, but not that they are the same byte by byte.
    private static RangeConditionHeaderValue? VersionOf(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false } tag ? new RangeConditionHeaderValue(tag) : null;
}
