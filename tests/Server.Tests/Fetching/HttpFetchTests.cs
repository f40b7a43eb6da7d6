using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Http;
using RemoteExec.Fetching;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Tests.Fetching;

public sealed class HttpFetchTests : IAsyncLifetime
{
    private const int MaxBytes = 1000;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);
    private readonly ManualTimeProvider time = new();
    private TestWebServer server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SslClientAuthenticationOptions Trust => RpcTrust.InRoots([server.Root]);

    public async ValueTask InitializeAsync() => server = await TestWebServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task<string> GetAsync(string address, bool allowsPrivate = true, bool trusts = true)
    {
        using var fetch = new HttpFetch(new FetchableAddresses(allowsPrivate), trusts ? Trust : null, time);
        return Encoding.UTF8.GetString(await fetch.GetAsync(new Uri(address), MaxBytes, patience, Cancellation));
    }

    private async Task RefusesAsync(string address, string reason, bool allowsPrivate = true, bool trusts = true)
    {
        FetchFailedException exception = await Assert.ThrowsAsync<FetchFailedException>(() => GetAsync(address, allowsPrivate, trusts));

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(MaxBytes)]
    public async Task A_document_is_fetched(int length)
    {
        server.Serve("/page", new string('x', length));

        Assert.Equal(length, (await GetAsync($"{server.Address}/page")).Length);
    }

    [Fact]
    public async Task A_name_that_leads_to_a_private_address_is_not_connected_to()
    {
        server.Serve("/page", "secret");

        await RefusesAsync($"{server.Address}/page", "nothing is fetched from localhost, as its address is private or reserved", allowsPrivate: false);
        await RefusesAsync($"{server.Address.Replace("localhost", "127.0.0.1", StringComparison.Ordinal)}/page", "private or reserved: 127.0.0.1", allowsPrivate: false);
        await RefusesAsync($"{server.Address.Replace("localhost", "2130706433", StringComparison.Ordinal)}/page", "private or reserved", allowsPrivate: false); // the same, as one number
        await RefusesAsync($"{server.Address.Replace("localhost", "[::ffff:127.0.0.1]", StringComparison.Ordinal)}/page", "private or reserved", allowsPrivate: false);
        Assert.Equal(0, server.CountOf("/page"));
    }

    [Fact]
    public async Task What_is_for_links_is_not_connected_to_even_where_private_addresses_are_allowed() =>
        await RefusesAsync("https://169.254.169.254/latest/meta-data", "private or reserved: 169.254.169.254");

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        foreach (int status in (int[])[301, 302, 303, 307, 308])
        {
            server.Serve("/target", "secret");
            server.Pages["/page"] = context =>
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = $"{server.Address}/target";
                return Task.CompletedTask;
            };

            await RefusesAsync($"{server.Address}/page", $"leads elsewhere ({status})");
        }

        Assert.Equal(0, server.CountOf("/target"));
    }

    [Fact]
    public async Task A_server_whose_certificate_is_of_nobody_is_not_believed()
    {
        server.Serve("/page", "secret");

        await RefusesAsync($"{server.Address}/page", "can't be fetched: ", trusts: false);
        await RefusesAsync($"{server.Address.Replace("localhost", "127.0.0.1", StringComparison.Ordinal)}/page", "can't be fetched: "); // it is for another name
        Assert.Equal(0, server.CountOf("/page"));
    }

    [Fact]
    public async Task A_document_that_is_too_long_is_refused_whether_its_length_is_told_or_not()
    {
        string tooLong = new('x', MaxBytes + 1);
        server.Serve("/chunked", tooLong);
        server.Pages["/told"] = context =>
        {
            context.Response.ContentLength = tooLong.Length;
            return context.Response.WriteAsync(tooLong, context.RequestAborted);
        };
        server.Pages["/endless"] = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.WriteAsync(tooLong, context.RequestAborted);
        };

        foreach (string path in (string[])["/chunked", "/told", "/endless"])
            await RefusesAsync(server.Address + path, $"answers more than {MaxBytes} bytes");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_is_slow_is_not_waited_for_longer_than_patience(bool begins)
    {
        var asked = new TaskCompletionSource();
        server.Pages["/slow"] = async context =>
        {
            if (begins)
                await context.Response.WriteAsync("a", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        Task<string> fetching = GetAsync($"{server.Address}/slow");
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);

        time.Advance(patience);

        Assert.Contains("has not answered within 10 s", (await Assert.ThrowsAsync<FetchFailedException>(() => fetching)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anything_but_200_is_a_failure_and_so_is_nobody()
    {
        await RefusesAsync($"{server.Address}/absent", "answers 404");
        string address = server.Address;
        await server.DisposeAsync();
        await RefusesAsync($"{address}/page", "can't be fetched: ");
        server = await TestWebServer.StartAsync();
    }

    [Fact]
    public async Task Without_TLS_only_this_machine_is_asked()
    {
        await using TestWebServer plain = await TestWebServer.StartAsync(isPlain: true);
        plain.Serve("/page", "text");

        Assert.Equal("text", await GetAsync($"{plain.Address}/page"));
        await RefusesAsync("http://issuer.example/page", "is not https://");
        await RefusesAsync($"{plain.Address}/page", "private or reserved", allowsPrivate: false);
    }

    [Fact]
    public async Task Who_gives_up_is_heard()
    {
        using var over = new CancellationTokenSource();
        server.Pages["/slow"] = async context =>
        {
            await over.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var fetch = new HttpFetch(new FetchableAddresses(allowsPrivate: true), Trust, time);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch.GetAsync(new Uri($"{server.Address}/slow"), MaxBytes, patience, over.Token));
    }
}
