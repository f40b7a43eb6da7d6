using System.Net;
using System.Net.Http.Headers;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Telemetry;

/// <summary><c>/metrics</c> of a whole server.</summary>
public sealed class MetricsEndpointTests
{
    [Fact]
    public async Task Whoever_reaches_the_HTTP_listener_may_scrape()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);
        using var client = new HttpClient { BaseAddress = AddressOf(server) };

        using HttpResponseMessage text = await client.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        client.DefaultRequestHeaders.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text;version=1.0.0"));
        using HttpResponseMessage open = await client.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", text.Content.Headers.ContentType?.ToString());
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", open.Content.Headers.ContentType?.ToString());
        Assert.Contains("\nkestrel_active_connections{", await text.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.EndsWith("\n# EOF\n", await open.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_can_be_written_there_and_what_is_below_belongs_to_an_instance()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);
        using var client = new HttpClient { BaseAddress = AddressOf(server) };

        using HttpResponseMessage put = await client.PutAsync(new Uri("/metrics", UriKind.Relative), new StringContent("x"), TestContext.Current.CancellationToken);
        using HttpResponseMessage blob = await client.GetAsync(new Uri($"/metrics/cas/{new string('a', 64)}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, put.StatusCode);
        Assert.Equal("not in the cache\n", await blob.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Where_nothing_is_counted_there_is_nothing_to_scrape()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "telemetry.metrics=false");
        using var client = new HttpClient { BaseAddress = AddressOf(server) };

        using HttpResponseMessage answer = await client.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static Uri AddressOf(RunningServer server) => new($"http://{server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}");
}
