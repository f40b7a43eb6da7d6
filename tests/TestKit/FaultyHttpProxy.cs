using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RemoteExec.TestKit;

/// <summary>What a <see cref="FaultyHttpProxy"/> does with a request.</summary>
public enum HttpFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The connection breaks in the middle of what the client sends.</summary>
    CutRequest,

    /// <summary>The server gets it all, and the connection breaks in the middle of its answer.</summary>
    CutAnswer,

    /// <summary>503, as S3 says that it is asked too much.</summary>
    SlowDown,

    /// <summary>500, after the server did what it was asked.</summary>
    Broken,

    /// <summary>The answer says that it is complete, and lacks its second half.</summary>
    ShortAnswer,

    /// <summary>One bit of the answer is wrong.</summary>
    WrongBit,

    /// <summary>No answer, ever.</summary>
    Silence,
}

/// <summary>Stands between an HTTP/1.1 client and its server, and does to each request what a test says. Targets, headers and bodies are those of the client, so that signatures hold.</summary>
public sealed class FaultyHttpProxy : IAsyncDisposable
{
    private static readonly string[] ofTheConnection = ["Connection", "Transfer-Encoding", "Keep-Alive", "Expect"];
    private readonly WebApplication application;
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly string server;
    private readonly CancellationTokenSource ending = new();

    private FaultyHttpProxy(int serverPort)
    {
        server = $"http://127.0.0.1:{serverPort}";
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
        });
        builder.Logging.ClearProviders();
        application = builder.Build();
        application.Run(ServeAsync);
    }

    /// <summary>Decides what happens to a request: its method and target are given.</summary>
    public Func<string, string, HttpFault> Fault { get; set; } = (_, _) => HttpFault.None;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Starts one that passes everything on.</summary>
    public static async Task<FaultyHttpProxy> StartAsync(int serverPort)
    {
        var proxy = new FaultyHttpProxy(serverPort);
        await proxy.application.StartAsync();
        proxy.Address = new Uri(proxy.application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await application.DisposeAsync();
        client.Dispose();
        ending.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        HttpFault fault = Fault(context.Request.Method, target);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, context.RequestAborted);
        try
        {
            if (fault == HttpFault.Silence)
                await Task.Delay(Timeout.Infinite, end.Token);
            if (fault == HttpFault.SlowDown)
            {
                await RefuseAsync(context, 503, "SlowDown", end.Token);
                return;
            }

            using HttpRequestMessage request = Forward(context, target, fault);
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end.Token);
            byte[] body = await response.Content.ReadAsByteArrayAsync(end.Token);
            if (fault == HttpFault.Broken)
                await RefuseAsync(context, 500, "InternalError", end.Token);
            else
                await AnswerAsync(context, response, body, fault, end.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException or IOException)
        {
            context.Abort(); // one of the two has hung up, or the fault is that they do
        }
    }

    private HttpRequestMessage Forward(HttpContext context, string target, HttpFault fault)
    {
        var uri = new Uri(server + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), uri);
        long? length = context.Request.ContentLength;
        if (length is > 0)
            request.Content = new StreamContent(fault == HttpFault.CutRequest ? new CutStream(context.Request.Body, length.Value / 2) : context.Request.Body);
        else if (fault == HttpFault.CutRequest)
            throw new IOException("cut");
        foreach (KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues> header in context.Request.Headers)
        {
            if (!ofTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && !request.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value))
                request.Content?.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string?>)header.Value);
        }

        return request;
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage response, byte[] body, HttpFault fault, CancellationToken cancellationToken)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (KeyValuePair<string, IEnumerable<string>> header in response.Headers.Concat(response.Content.Headers))
        {
            if (!ofTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && header.Key != "Content-Length")
                context.Response.Headers[header.Key] = header.Value.ToArray();
        }

        if (fault == HttpFault.WrongBit && body.Length > 0)
            body[Random.Shared.Next(body.Length)] ^= (byte)(1 << Random.Shared.Next(8));
        int sent = fault is HttpFault.ShortAnswer or HttpFault.CutAnswer ? body.Length / 2 : body.Length;
        if (response.StatusCode != HttpStatusCode.NoContent)
            context.Response.ContentLength = fault == HttpFault.CutAnswer ? body.Length : sent;
        await context.Response.Body.WriteAsync(body.AsMemory(0, sent), cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
        if (fault == HttpFault.CutAnswer)
            context.Abort();
    }

    private static async Task RefuseAsync(HttpContext context, int status, string code, CancellationToken cancellationToken)
    {
        await context.Request.Body.CopyToAsync(Stream.Null, cancellationToken);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>try later</Message></Error>", cancellationToken);
    }

    /// <summary>Fails after some bytes.</summary>
    private sealed class CutStream(Stream inner, long left) : Stream
    {
        private long left = left;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (left == 0)
                throw new IOException("cut");
            int read = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, left)], cancellationToken);
            left -= read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
