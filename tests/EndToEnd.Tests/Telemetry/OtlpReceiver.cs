using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>Takes what is sent by OTLP over HTTP, and remembers it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication application;

    private OtlpReceiver(WebApplication application) => this.application = application;

    /// <summary>Where it is.</summary>
    public string Url => application.Urls.First();

    /// <summary>The spans that came.</summary>
    public ConcurrentQueue<OtlpSpan> Spans { get; } = new();

    /// <summary>How often metrics came.</summary>
    public int MetricsCount { get; private set; }

    public static async Task<OtlpReceiver> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication application = builder.Build();
        var receiver = new OtlpReceiver(application);
        application.Run(receiver.TakeAsync);
        await application.StartAsync();
        return receiver;
    }

    /// <summary>Waits until there is a span like this.</summary>
    public async Task<OtlpSpan> WaitForAsync(Func<OtlpSpan, bool> condition)
    {
        while (true)
        {
            if (Spans.FirstOrDefault(condition) is { } span)
                return span;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync();
        await application.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (context.Request.Path == "/v1/traces")
        {
            foreach (OtlpSpan span in OtlpSpan.ParseAll(body.ToArray()))
                Spans.Enqueue(span);
        }
        else if (context.Request.Path == "/v1/metrics")
        {
            MetricsCount++;
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }

        context.Response.ContentType = "application/x-protobuf";
    }
}

/// <summary>A span, as far as tests look at it.</summary>
internal sealed record OtlpSpan(string Service, string Name, string TraceId, string SpanId, string ParentId, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>The spans of an ExportTraceServiceRequest.</summary>
    public static IEnumerable<OtlpSpan> ParseAll(byte[] request)
    {
        foreach (byte[] resourceSpans in Fields(request, 1))
        {
            string service = AttributesIn(Fields(resourceSpans, 1).Single(), 1)["service.name"];
            foreach (byte[] span in Fields(resourceSpans, 2).SelectMany(scope => Fields(scope, 2)))
                yield return new OtlpSpan(service, Text(span, 5), Hex(span, 1), Hex(span, 2), Hex(span, 4), AttributesIn(span, 9));
        }
    }

    private static Dictionary<string, string> AttributesIn(byte[] message, int field) =>
        Fields(message, field).ToDictionary(pair => Text(pair, 1), pair => Fields(pair, 2).Select(value => Text(value, 1)).FirstOrDefault(""));

    private static string Text(byte[] message, int field) => System.Text.Encoding.UTF8.GetString(Fields(message, field).LastOrDefault([]));

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).LastOrDefault([]));

    // The values of a field that have a length.
    private static List<byte[]> Fields(byte[] message, int field)
    {
        var found = new List<byte[]>();
        var input = new CodedInputStream(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited))
                found.Add(input.ReadBytes().ToByteArray());
            else
                input.SkipLastField();
        }

        return found;
    }
}
