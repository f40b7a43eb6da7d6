using Microsoft.AspNetCore.Http;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Tests;

public sealed class BlobFetchTests : IAsyncLifetime
{
    private static readonly byte[] content = TestBlob.Random(1, 300_000).Content;
    private AssetBed bed = null!;

    public async ValueTask InitializeAsync() => bed = await AssetBed.StartAsync();

    public ValueTask DisposeAsync() => bed.DisposeAsync();

    [Fact]
    [Rule("AST-04")]
    [Rule("AST-08")]
    public async Task What_is_fetched_once_is_in_the_CAS_and_is_not_fetched_again()
    {
        string uri = bed.Web.Serve("/file", content);

        BoundAsset first = await bed.FetchAsync(uri, AssetBed.ChecksumOf(content));
        BoundAsset second = await bed.FetchAsync(uri, AssetBed.ChecksumOf(content));

        Assert.Equal(content, await bed.ReadAsync(first.Content));
        Assert.Equal((uri, first.Content, null), (second.Uri, second.Content, second.Expires));
        Assert.Equal(1, bed.Web.CountOf("/file"));
        Assert.Empty(Directory.GetFileSystemEntries(bed.Spool));
    }

    [Fact]
    [Rule("AST-04")]
    public async Task Other_content_than_the_checksum_says_is_not_taken()
    {
        string uri = bed.Web.Serve("/file", content);

        AssetException exception = await bed.FailAsync(AssetFailure.Inconsistent, AssetBed.Ask(AssetKind.Blob, [uri], AssetBed.ChecksumOf([1, 2, 3])));

        Assert.Contains("the checksum of its 300000 bytes is sha256-", exception.Message, StringComparison.Ordinal);
        Assert.Equal(uri, exception.Uri);
        Assert.Single(await bed.Cas.FindMissingAsync([TestBlob.Random(1, 300_000).Digest], AssetBed.Token));
    }

    [Fact]
    [Rule("AST-01")]
    public async Task Mirrors_are_tried_in_turn_and_the_one_that_worked_is_named()
    {
        string good = bed.Web.Serve("/good", content), bad = bed.Web.Serve("/bad", [1]), absent = $"{bed.Web.Address}/absent";
        AssetRequest request = AssetBed.Ask(AssetKind.Blob, ["urn:nothing", absent, bad, good], AssetBed.ChecksumOf(content));

        BoundAsset found = await bed.FetchAsync(request);

        Assert.Equal(good, found.Uri);
        Assert.Equal(good, (await bed.FetchAsync(request)).Uri);
        Assert.Equal(1, bed.Web.CountOf("/bad"));
    }

    [Fact]
    public async Task What_one_mirror_may_have_later_may_be_had_later()
    {
        bed.Web.Pages["/ill"] = context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        };

        AssetException exception = await bed.FailAsync(
            AssetFailure.Unavailable, AssetBed.Ask(AssetKind.Blob, [$"{bed.Web.Address}/ill", $"{bed.Web.Address}/absent"], AssetBed.ChecksumOf(content)));

        Assert.Contains("/ill answers 503; ", exception.Message, StringComparison.Ordinal);
        Assert.Contains("/absent answers 404", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_takes_a_checksum()
    {
        string uri = bed.Web.Serve("/file", content);

        AssetException exception = await bed.FailAsync(AssetFailure.Refused, AssetBed.Ask(AssetKind.Blob, [uri]));

        Assert.Contains("is not https://", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, bed.Web.CountOf("/file"));
    }

    [Fact]
    public async Task Private_addresses_are_fetched_from_only_where_that_is_said()
    {
        await using AssetBed closed = await AssetBed.StartAsync(allowsPrivate: false);
        string uri = closed.Web.Serve("/file", content);

        AssetException exception = await closed.FailAsync(AssetFailure.Refused, AssetBed.Ask(AssetKind.Blob, [uri], AssetBed.ChecksumOf(content)));

        Assert.Contains("private or reserved", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, closed.Web.CountOf("/file"));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data", "private or reserved")]
    [InlineData("http://[fd00:ec2::254]/", "private or reserved")]
    [InlineData("file:///etc/passwd", "is no https:// address")]
    [InlineData("http://user:password@127.0.0.1/", "has a user or a password")]
    public async Task A_redirect_leads_nowhere_that_could_not_be_asked_for(string location, string reason)
    {
        string uri = bed.Web.Redirect("/away", location);

        AssetException exception = await bed.FailAsync(AssetFailure.Refused, AssetBed.Ask(AssetKind.Blob, [uri], AssetBed.ChecksumOf(content)));

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_circle_of_redirects_ends()
    {
        string uri = bed.Web.Redirect("/round", "/round");

        await bed.FailAsync(AssetFailure.Absent, AssetBed.Ask(AssetKind.Blob, [uri], AssetBed.ChecksumOf(content)));
    }

    [Fact]
    [Rule("Q-21")]
    public async Task Headers_go_to_the_host_they_are_for_and_to_no_other()
    {
        await using WebServer other = await WebServer.StartAsync();
        string elsewhere = other.Serve("/file", content);
        string away = bed.Web.Redirect("/away", elsewhere), near = bed.Web.Redirect("/near", "/here");
        bed.Web.Serve("/here", content);
        (string, string)[] headers = [("http_header:X-Secret", "all"), ("http_header_url:1:x-secret", "near"), AssetBed.ChecksumOf(content)];

        await bed.FetchAsync(AssetBed.Ask(AssetKind.Blob, [away, near], headers));
        await bed.FetchAsync(AssetBed.Ask(AssetKind.Blob, [$"{bed.Web.Address}/absent", near], headers));

        Assert.Equal("all", Assert.Single(bed.Web.Requests, request => request.Path == "/away").Headers["X-Secret"]);
        Assert.Equal("near", Assert.Single(bed.Web.Requests, request => request.Path == "/near").Headers["X-Secret"]);
        Assert.Equal("near", Assert.Single(bed.Web.Requests, request => request.Path == "/here").Headers["X-Secret"]);
        Assert.False(Assert.Single(other.Requests).Headers.ContainsKey("X-Secret"));
    }

    [Fact]
    public async Task What_came_for_one_secret_is_not_given_for_another()
    {
        string uri = bed.Web.Serve("/file", content);
        await bed.FetchAsync(uri, ("http_header:Authorization", "Bearer right"), AssetBed.ChecksumOf(content));

        bed.Web.Pages["/file"] = context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        };

        await bed.FailAsync(AssetFailure.Refused, AssetBed.Ask(AssetKind.Blob, [uri], ("http_header:Authorization", "Bearer wrong"), AssetBed.ChecksumOf(content)));
        await bed.FetchAsync(uri, ("http_header:authorization", "Bearer right"), AssetBed.ChecksumOf(content));
    }

    [Fact]
    public async Task A_download_that_breaks_off_goes_on_where_it_was()
    {
        string uri = bed.Web.ServeInParts("/file", content, most: 130_000, () => "\"1\"");

        BoundAsset found = await bed.FetchAsync(uri, AssetBed.ChecksumOf(content));

        Assert.Equal(content, await bed.ReadAsync(found.Content));
        Assert.Contains(bed.Web.Requests, request => request.Headers.Range.Count > 0);
    }

    [Fact]
    public async Task Parts_of_two_versions_of_a_file_are_not_put_together()
    {
        int version = 0;
        byte[] other = TestBlob.Random(2, 300_000).Content;
        string uri = bed.Web.ServeInParts("/file", other, most: 200_000, () => "\"1\"");
        Func<HttpContext, Task> first = bed.Web.Pages["/file"];
        bed.Web.ServeInParts("/file", content, most: 300_000, () => "\"2\"");
        Func<HttpContext, Task> second = bed.Web.Pages["/file"];
        bed.Web.Pages["/file"] = context => Interlocked.Increment(ref version) == 1 ? first(context) : second(context);

        BoundAsset found = await bed.FetchAsync(uri, AssetBed.ChecksumOf(content));

        Assert.Equal(content, await bed.ReadAsync(found.Content));
        Assert.Equal(2, bed.Web.CountOf("/file"));
    }

    [Fact]
    public async Task Who_fails_now_and_then_is_asked_again()
    {
        int count = 0;
        bed.Web.Pages["/file"] = async context =>
        {
            if (Interlocked.Increment(ref count) == 1)
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            else
                await context.Response.Body.WriteAsync(content, context.RequestAborted);
        };

        Assert.Equal(content, await bed.ReadAsync((await bed.FetchAsync($"{bed.Web.Address}/file", AssetBed.ChecksumOf(content))).Content));
    }

    [Theory]
    [InlineData(StatusCodes.Status404NotFound, AssetFailure.Absent)]
    [InlineData(StatusCodes.Status410Gone, AssetFailure.Absent)]
    [InlineData(StatusCodes.Status403Forbidden, AssetFailure.Refused)]
    [InlineData(StatusCodes.Status500InternalServerError, AssetFailure.Unavailable)]
    [Rule("AST-05")]
    public async Task What_the_server_answers_is_told(int code, AssetFailure failure)
    {
        bed.Web.Pages["/file"] = context =>
        {
            context.Response.StatusCode = code;
            return Task.CompletedTask;
        };

        AssetException exception = await bed.FailAsync(failure, AssetBed.Ask(AssetKind.Blob, [$"{bed.Web.Address}/file?token=secret"], AssetBed.ChecksumOf(content)));

        Assert.Contains($"/file answers {code}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_is_fetched_is_given_up_whether_or_not_it_is_announced()
    {
        await using AssetBed small = await AssetBed.StartAsync(change: options => options with { MaxBytes = 1000 });
        string endless = $"{small.Web.Address}/endless";
        small.Web.Pages["/endless"] = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(new byte[1000], context.RequestAborted);
        };
        small.Web.Pages["/announced"] = async context =>
        {
            context.Response.ContentLength = 1001;
            await context.Response.Body.WriteAsync(new byte[1001], context.RequestAborted);
        };

        await small.FailAsync(AssetFailure.TooLong, AssetBed.Ask(AssetKind.Blob, [endless], AssetBed.ChecksumOf(content)));
        await small.FailAsync(AssetFailure.TooLong, AssetBed.Ask(AssetKind.Blob, [$"{small.Web.Address}/announced"], AssetBed.ChecksumOf(content)));
    }

    [Fact]
    public async Task What_is_wanted_several_times_at_once_is_fetched_once()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.Web.Pages["/file"] = async context =>
        {
            await go.Task;
            await context.Response.Body.WriteAsync(content, context.RequestAborted);
        };

        Task<BoundAsset>[] all = [.. Enumerable.Range(0, 5).Select(_ => bed.FetchAsync($"{bed.Web.Address}/file", AssetBed.ChecksumOf(content)))];
        while (bed.Web.CountOf("/file") == 0)
            await Task.Delay(20, AssetBed.Token);
        go.SetResult();

        Assert.Single((await Task.WhenAll(all)).Select(found => found.Content).Distinct());
        Assert.Equal(1, bed.Web.CountOf("/file"));
    }

    [Fact]
    [Rule("AST-06")]
    public async Task A_fetch_goes_on_without_its_caller_for_the_next()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.Web.Pages["/file"] = async context =>
        {
            await go.Task;
            await context.Response.Body.WriteAsync(content, context.RequestAborted);
        };
        AssetRequest request = AssetBed.Ask(AssetKind.Blob, [$"{bed.Web.Address}/file"], AssetBed.ChecksumOf(content));
        using var leaving = new CancellationTokenSource();

        Task<BoundAsset> left = bed.Fetcher.FindAsync(request, mayFetch: true, leaving.Token);
        while (bed.Web.CountOf("/file") == 0)
            await Task.Delay(20, AssetBed.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        go.SetResult();

        Assert.Equal(content, await bed.ReadAsync((await bed.FetchAsync(request)).Content));
        Assert.Equal(1, bed.Web.CountOf("/file"));
    }

    [Fact]
    [Rule("AST-06")]
    public async Task A_fetch_that_nobody_would_wait_for_any_more_is_given_up()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.Web.Pages["/file"] = async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            await gone.Task;
        };

        await bed.FailAsync(AssetFailure.TimedOut, AssetBed.Ask(AssetKind.Blob, [$"{bed.Web.Address}/file"], AssetBed.ChecksumOf(content)) with { Patience = TimeSpan.FromSeconds(5) });

        await gone.Task.WaitAsync(TimeSpan.FromMinutes(2), AssetBed.Token);
    }

    [Fact]
    [Rule("AST-05")]
    public async Task Who_has_waited_as_long_as_he_wanted_is_told()
    {
        bed.Web.Pages["/file"] = context => Task.Delay(Timeout.Infinite, context.RequestAborted);

        await bed.FailAsync(AssetFailure.TimedOut, AssetBed.Ask(AssetKind.Blob, [$"{bed.Web.Address}/file"], AssetBed.ChecksumOf(content)) with { Patience = TimeSpan.FromMilliseconds(200) });
    }

    [Fact]
    [Rule("AST-07")]
    public async Task What_is_too_old_is_fetched_anew()
    {
        string uri = bed.Web.Serve("/file", content);
        AssetRequest request = AssetBed.Ask(AssetKind.Blob, [uri], AssetBed.ChecksumOf(content));
        BoundAsset first = await bed.FetchAsync(request);

        await bed.FetchAsync(request with { Oldest = first.Since });
        Assert.Equal(1, bed.Web.CountOf("/file"));
        BoundAsset newer = await bed.FetchAsync(request with { Oldest = TimeProvider.System.GetUtcNow() });

        Assert.True(newer.Since > first.Since);
        Assert.Equal(2, bed.Web.CountOf("/file"));
    }

    [Fact]
    public async Task A_spool_file_that_a_crash_has_left_goes()
    {
        string left = Path.Combine(bed.Spool, "left");
        await File.WriteAllTextAsync(left, "x", AssetBed.Token);

        var addresses = new Fetching.FetchableAddresses(allowsPrivate: true);
        await using var again = new AssetFetcher(bed.Results, bed.Cas, new Fetching.HttpDownloads(addresses, null, TimeProvider.System), addresses, new AssetFetchOptions { SpoolDirectory = bed.Spool }, TimeProvider.System);

        Assert.False(File.Exists(left));
    }
}
