using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace RemoteExec.Fetching;

/// <summary>
/// Downloads files of any length from addresses that may be fetched from: redirects are followed, each to an address that is checked as the first was; connections that break are begun anew where they
/// broke off, if it is still the same file. Who sends nothing for a while counts as broken. Thread-safe.
/// </summary>
public sealed class HttpDownloads : IDisposable
{
    private const int MaxHops = 10;
    private const int MaxAttempts = 3; // in a row without a byte
    private const int MaxRestarts = 10; // from the begin
    private const int BufferBytes = 64 * 1024;
    private const string UserAgent = "User-Agent";
    private static readonly TimeSpan stall = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(1);
    private readonly TimeProvider time;
    private readonly HttpClient client;

    /// <summary>Makes one.</summary>
    /// <param name="addresses">Which may be fetched from.</param>
    /// <param name="ssl">Whom to trust; null for whom the system trusts.</param>
    /// <param name="time">The clock.</param>
    public HttpDownloads(FetchableAddresses addresses, SslClientAuthenticationOptions? ssl, TimeProvider time)
    {
        this.time = time;
        client = new HttpClient(FetchTransport.Create(addresses, ssl, isPlainLocal: false)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Downloads a file.</summary>
    /// <param name="what">Which.</param>
    /// <param name="file">Where it goes: empty and seekable. At its end when this returns.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FetchFailedException">It can't be had.</exception>
    public async Task SaveAsync(Download what, Stream file, CancellationToken cancellationToken)
    {
        var part = new PartialDownload(file);
        for (int attempt = 1; ; attempt++)
        {
            long before = file.Length;
            try
            {
                await TryAsync(what, part, cancellationToken);
                return;
            }
            catch (FetchFailedException exception) when (exception.Failure == FetchFailure.Unavailable && attempt < MaxAttempts && part.Restarts < MaxRestarts)
            {
                // Another attempt may have more luck.
            }

            if (file.Length > before)
                attempt = 0;
            await Task.Delay(pause * Math.Max(attempt, 1), time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>A URL without what may be secret in it, for messages.</summary>
    public static string Show(Uri address) => address.GetLeftPart(UriPartial.Path);

    private async Task TryAsync(Download what, PartialDownload part, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(stall, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await OpenAsync(what, part, either.Token);
            part.Begin(response);
            if (response.Content.Headers.ContentLength > what.MaxBytes - part.Length)
                throw TooLong(what);
            await using Stream body = await response.Content.ReadAsStreamAsync(either.Token);
            byte[] buffer = new byte[BufferBytes];
            for (int read; (read = await body.ReadAsync(buffer, either.Token)) > 0;)
            {
                patience.CancelAfter(stall);
                if (part.Length + read > what.MaxBytes)
                    throw TooLong(what);
                await part.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FetchFailedException($"{Show(what.Source)} has sent nothing for {stall.TotalSeconds:0} s", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw Explain(what, exception);
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(Download what, PartialDownload part, CancellationToken cancellationToken)
    {
        Uri place = what.Source;
        bool isHome = true; // as long as nobody has sent us away: headers may be secrets
        for (int hops = 0; hops <= MaxHops; hops++)
        {
            if (FetchableAddresses.ProblemOf(place, what.AllowsPlain) is { } problem)
                throw new FetchFailedException($"{Show(place)} {problem}") { Failure = FetchFailure.Refused };
            using var request = new HttpRequestMessage(HttpMethod.Get, place);
            foreach ((string name, string value) in isHome ? what.Headers : [])
                request.Headers.TryAddWithoutValidation(name, value);
            if (!request.Headers.Contains(UserAgent))
                request.Headers.TryAddWithoutValidation(UserAgent, "remoteexec"); // some hosts refuse who does not say what it is
            part.Continue(request);
            HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent)
                return response;
            using (response)
            {
                bool isElsewhere = response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
                if (!isElsewhere || response.Headers.Location is not { } location || !Uri.TryCreate(place, location, out Uri? next))
                    throw Refusal(place, part, response.StatusCode);
                isHome &= next.Scheme == place.Scheme && next.Authority == place.Authority;
                place = next;
            }
        }

        throw new FetchFailedException($"{Show(what.Source)} leads elsewhere more than {MaxHops} times") { Failure = FetchFailure.Absent };
    }

    private static FetchFailedException Refusal(Uri place, PartialDownload part, HttpStatusCode code)
    {
        if (code == HttpStatusCode.RequestedRangeNotSatisfiable)
            part.Forget();
        return new FetchFailedException($"{Show(place)} answers {(int)code}")
        {
            Failure = code switch
            {
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired or HttpStatusCode.UnavailableForLegalReasons => FetchFailure.Refused,
                HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestedRangeNotSatisfiable or >= HttpStatusCode.InternalServerError => FetchFailure.Unavailable,
                _ => FetchFailure.Absent,
            },
        };
    }

    private static FetchFailedException TooLong(Download what) =>
        new($"{Show(what.Source)} has more than the {what.MaxBytes} bytes that are fetched") { Failure = FetchFailure.TooLong };

    private static FetchFailedException Explain(Download what, Exception exception)
    {
        Exception reason = exception.InnerException as FetchFailedException ?? exception.InnerException as AuthenticationException ?? exception;
        FetchFailure failure = reason switch
        {
            FetchFailedException refused => refused.Failure,
            AuthenticationException => FetchFailure.Refused,
            { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } } => FetchFailure.Absent,
            _ => FetchFailure.Unavailable,
        };
        return new FetchFailedException($"{Show(what.Source)} can't be fetched: {reason.Message.TrimEnd('.')}", exception) { Failure = failure };
    }
}
