using System.Net;
using System.Net.Security;

namespace RemoteExec.Fetching;

/// <summary>
/// Fetches small documents by HTTP from addresses that may be fetched: bounded in length and time, without redirects, cookies or proxies. Which machine a name leads to is checked for each
/// connection, on the very address that is connected to. Thread-safe.
/// </summary>
public sealed class HttpFetch : IDisposable
{
    private readonly TimeProvider time;
    private readonly HttpClient client;

    /// <summary>Makes one.</summary>
    /// <param name="addresses">Which may be fetched.</param>
    /// <param name="ssl">Whom to trust; null for whom the system trusts.</param>
    /// <param name="time">The clock.</param>
    public HttpFetch(FetchableAddresses addresses, SslClientAuthenticationOptions? ssl, TimeProvider time)
    {
        this.time = time;
        client = new HttpClient(FetchTransport.Create(addresses, ssl, isPlainLocal: true)) { Timeout = Timeout.InfiniteTimeSpan }; // each fetch has its own patience, by the clock
    }

    /// <summary>Fetches a document.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="maxBytes">How long it may be.</param>
    /// <param name="patience">How long all of it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FetchFailedException">It can't be had.</exception>
    public async Task<byte[]> GetAsync(Uri address, int maxBytes, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (FetchableAddresses.ProblemOf(address) is { } problem)
            throw new FetchFailedException($"{address} {problem}");
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if ((int)response.StatusCode is >= 300 and < 400)
                throw new FetchFailedException($"{address} leads elsewhere ({(int)response.StatusCode}), where it is not followed: name the address that it leads to");
            if (response.StatusCode != HttpStatusCode.OK)
                throw new FetchFailedException($"{address} answers {(int)response.StatusCode}");
            if (response.Content.Headers.ContentLength > maxBytes)
                throw TooLong(address, maxBytes);
            await using Stream body = await response.Content.ReadAsStreamAsync(either.Token);
            return await ReadAsync(body, address, maxBytes, either.Token);
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new FetchFailedException($"{address} has not answered within {patience.TotalSeconds:0} s", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            Exception reason = exception.InnerException as FetchFailedException ?? exception.InnerException as System.Security.Authentication.AuthenticationException ?? exception;
            throw new FetchFailedException($"{address} can't be fetched: {reason.Message.TrimEnd('.')}", exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private static async Task<byte[]> ReadAsync(Stream body, Uri address, int maxBytes, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[maxBytes + 1];
        int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= maxBytes ? buffer[..length] : throw TooLong(address, maxBytes);
    }

    private static FetchFailedException TooLong(Uri address, int maxBytes) => new($"{address} answers more than {maxBytes} bytes");
}
