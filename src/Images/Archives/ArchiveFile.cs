using System.Net.Sockets;
using System.Security.Cryptography;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Images.Archives;

/// <summary>Gets an archive, and has it only if it is the one that the recipe means.</summary>
/// <param name="http">Fetches what is elsewhere; follows no redirects, as a recipe names all that is asked.</param>
/// <param name="time">The clock.</param>
internal sealed class ArchiveFile(HttpClient http, TimeProvider time)
{
    private const long MaxBytes = 8L << 30;
    private const int MaxAttempts = 3;
    private static readonly TimeSpan longestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60); // for the next bytes, however long all of it takes

    /// <summary>Opens an archive at its start; the caller closes it, after which nothing is left of a download.</summary>
    /// <exception cref="ImageException">It is not to be had, or another one.</exception>
    public async Task<FileStream> OpenAsync(RecipeArchive archive, CancellationToken cancellationToken)
    {
        FileStream file = archive.Url is null ? OpenLocal(archive.Path) : Temporary();
        try
        {
            string found = archive.Url is null ? await CopyAsync(file, null, cancellationToken) : await DownloadAsync(archive.Url, file, cancellationToken);
            if (found != archive.Sha256)
                throw new ImageException($"it is not the archive that the recipe means: its sha256 is {found}, and the recipe says {archive.Sha256}");
            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static FileStream OpenLocal(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{path} can't be read: {(exception is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : exception.Message)}", exception);
        }
    }

    private static FileStream Temporary() =>
        new(Path.Combine(Path.GetTempPath(), $"remoteexec-archive-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);

    private async Task<string> DownloadAsync(Uri source, FileStream file, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(longestPause, time);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await TryDownloadAsync(source, file, cancellationToken);
            }
            catch (Exception exception) when (exception is HttpRequestException or HttpIOException or TimeoutException or IOException { InnerException: SocketException })
            {
                if (attempt == MaxAttempts)
                    throw new ImageException($"{source} can't be fetched: {exception.Message}", exception);
            }

            await backoff.WaitAsync(cancellationToken);
            file.SetLength(0);
        }
    }

    private async Task<string> TryDownloadAsync(Uri source, FileStream file, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await http.GetAsync(source, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if ((int)response.StatusCode >= 500)
            response.EnsureSuccessStatusCode(); // it may be well again in a moment
        if (!response.IsSuccessStatusCode)
        {
            string elsewhere = response.Headers.Location is { } location ? $", to {location}: the recipe has to name where it really is" : "";
            throw new ImageException($"{source} answers {(int)response.StatusCode} {response.ReasonPhrase}{elsewhere}");
        }

        await using Stream content = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await CopyAsync(content, file, cancellationToken);
    }

    /// <summary>Reads to the end, copies if there is somewhere to copy to, and returns the SHA-256.</summary>
    private async Task<string> CopyAsync(Stream from, Stream? to, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[256 * 1024]; // not rented: a read that is given up may still come to its end
        long total = 0;
        for (int read; (read = await from.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(patience, time, cancellationToken)) > 0;)
        {
            total += read;
            if (total > MaxBytes)
                throw new ImageException($"it has more than {MaxBytes >> 30} GiB");
            hash.AppendData(buffer, 0, read);
            if (to is not null)
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
