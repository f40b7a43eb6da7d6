using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests.Services;

public sealed class HttpCacheEndpointsTests : IAsyncLifetime
{
    private const string CcacheKey = "/0b/9dub0eb54clr631jodofii9atf26ep4";
    private static readonly TestBlob action = TestBlob.Random(1, 142);
    private readonly FaultyStore backing = new(new MemoryStore(64 * 1024 * 1024));
    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string AcPath => $"/ac/{action.Digest.Hash}";

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync(backing: backing);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task RestartAsync(ServerFeatures features)
    {
        await server.DisposeAsync();
        server = await TestServer.StartAsync(features, backing);
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpMethod method, string path, byte[]? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new ByteArrayContent(body) };
        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(Token));
    }

    [Theory]
    [InlineData("PUT", "cas")]
    [InlineData("PUT", "ac")]
    [InlineData("DELETE", "ac")]
    public async Task A_web_page_can_write_nothing_by_whatever_name_it_calls_this_machine(string method, string kind)
    {
        TestBlob blob = TestBlob.Of("a page"u8.ToArray());
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), $"/{kind}/{blob.Digest.Hash}") { Content = new ByteArrayContent(blob.Content) };
        request.Headers.Add("Origin", "http://evil.example:8981");
        request.Headers.Host = "evil.example:8981";

        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Null(await GetAsync($"/cas/{blob.Digest.Hash}"));
    }

    private async Task<byte[]?> GetAsync(string path)
    {
        (HttpStatusCode status, byte[] body) = await SendAsync(HttpMethod.Get, path);
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.NotFound);
        return status == HttpStatusCode.OK ? body : null;
    }

    private async Task AssertRefusedAsync(HttpStatusCode status, string reason, HttpMethod method, string path, byte[]? body = null)
    {
        (HttpStatusCode found, byte[] text) = await SendAsync(method, path, body);
        Assert.Equal(status, found);
        Assert.Contains(reason, System.Text.Encoding.UTF8.GetString(text));
    }

    private static string CasPath(TestBlob blob) =>
        blob.Digest.Instance.IsEmpty ? $"/cas/{blob.Digest.Hash}" : $"/{blob.Digest.Instance}/cas/{blob.Digest.Hash}";

    [Theory]
    [Rule("DIG-08")]
    [InlineData(1, DigestFunction.Sha256, "")]
    [InlineData(100_000, DigestFunction.Sha256, "some/instance")]
    [InlineData(40_000_000, DigestFunction.Sha256, "")]
    [InlineData(1000, DigestFunction.Sha1, "")]
    [InlineData(1000, DigestFunction.Md5, "")]
    [InlineData(1000, DigestFunction.Sha512, "")]
    public async Task A_blob_goes_in_and_out_and_is_the_one_of_gRPC(int length, DigestFunction function, string instance)
    {
        TestBlob blob = TestBlob.Random(2, length, instance, function);
        Assert.Null(await GetAsync(CasPath(blob)));

        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, CasPath(blob), blob.Content)).Status);

        Assert.Equal(blob.Content, await GetAsync(CasPath(blob)));
        Assert.True(await server.Cas.ContainsAsync(blob.Digest, Token));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Put, CasPath(blob), blob.Content)).Status);
    }

    [Fact]
    [Rule("DIG-03")]
    public async Task The_empty_blob_is_always_there()
    {
        Assert.Equal(Array.Empty<byte>(), await GetAsync("/cas/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Put, "/cas/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", [])).Status);
    }

    [Fact]
    [Rule("CAS-07")]
    [Rule("CAS-14")]
    public async Task A_blob_that_is_not_what_its_hash_names_is_refused()
    {
        TestBlob blob = TestBlob.Random(3, 100_000);

        await AssertRefusedAsync(HttpStatusCode.BadRequest, "does not match", HttpMethod.Put, CasPath(blob), blob.Content[..^1]);

        Assert.Null(await GetAsync(CasPath(blob)));
    }

    [Fact]
    public async Task HEAD_tells_the_length_without_the_content()
    {
        TestBlob blob = TestBlob.Random(4, 1234);
        await server.Cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        await SendAsync(HttpMethod.Put, CcacheKey, [1, 2, 3]);

        foreach ((string path, long length) in new[] { (CasPath(blob), 1234L), (CcacheKey, 3L) })
        {
            using HttpResponseMessage response = await server.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(length, response.Content.Headers.ContentLength);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Token));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Head, CasPath(TestBlob.Random(5, 1)))).Status);
    }

    [Theory]
    [InlineData("bytes=0-9", 0, 9)]
    [InlineData("bytes=100000-", 100_000, 199_999)]
    [InlineData("bytes=-5", 199_995, 199_999)]
    [InlineData("bytes=199990-999999", 199_990, 199_999)]
    public async Task A_range_of_a_blob_can_be_asked_for(string range, int first, int last)
    {
        TestBlob blob = TestBlob.Random(6, 200_000);
        await server.Cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, CasPath(blob)) { Headers = { Range = RangeHeaderValue.Parse(range) } };

        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(new ContentRangeHeaderValue(first, last, 200_000), response.Content.Headers.ContentRange);
        Assert.Equal(blob.Content[first..(last + 1)], await response.Content.ReadAsByteArrayAsync(Token));
    }

    [Fact]
    public async Task A_range_outside_of_the_blob_is_refused()
    {
        TestBlob blob = TestBlob.Random(7, 10);
        await server.Cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, CasPath(blob)) { Headers = { Range = RangeHeaderValue.Parse("bytes=10-") } };

        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Equal("bytes */10", response.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task A_result_is_the_same_over_HTTP_and_gRPC()
    {
        var result = new Reapi.ActionResult { ExitCode = 7, StdoutRaw = ByteString.CopyFromUtf8("out") };

        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, AcPath, result.ToByteArray())).Status);
        Reapi.ActionResult fromGrpc = await server.Grpc.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = action.Digest.ToProto() }, Token);

        Assert.Equal(7, fromGrpc.ExitCode);
        Assert.Equal(fromGrpc, Reapi.ActionResult.Parser.ParseFrom(await GetAsync(AcPath)));
        Assert.Equal("out"u8.ToArray(), await GetAsync($"/cas/{fromGrpc.StdoutDigest.Hash}"));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Head, AcPath)).Status);

        await server.Grpc.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult",
            new Reapi.UpdateActionResultRequest { ActionDigest = action.Digest.ToProto(), ActionResult = new Reapi.ActionResult { ExitCode = 8 } }, Token);

        Assert.Equal(8, Reapi.ActionResult.Parser.ParseFrom(await GetAsync(AcPath)).ExitCode);
        Assert.Null(await GetAsync("/other" + AcPath));
    }

    [Fact]
    [Rule("AC-02")]
    public async Task A_result_whose_outputs_are_absent_is_404()
    {
        TestBlob output = TestBlob.Random(8, 10);
        byte[] result = new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "f", Digest = output.Digest.ToProto() } } }.ToByteArray();
        await SendAsync(HttpMethod.Put, AcPath, result);
        Assert.Null(await GetAsync(AcPath));

        await SendAsync(HttpMethod.Put, CasPath(output), output.Content);
        await SendAsync(HttpMethod.Put, AcPath, result);

        Assert.NotNull(await GetAsync(AcPath));
    }

    [Fact]
    [Rule("AC-05")]
    [Rule("AC-09")]
    public async Task A_bad_result_is_refused()
    {
        await AssertRefusedAsync(HttpStatusCode.BadRequest, "empty", HttpMethod.Put, AcPath, []);
        await AssertRefusedAsync(
            HttpStatusCode.BadRequest, "output file 'f': a digest is missing", HttpMethod.Put, AcPath,
            new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "f" } } }.ToByteArray());
        await AssertRefusedAsync(HttpStatusCode.BadRequest, "hash of 3 characters", HttpMethod.Put, "/ac/abc", [1]);
    }

    [Fact]
    [Rule("AC-15")]
    public async Task The_result_of_an_action_that_is_not_to_be_cached_is_refused()
    {
        Digest uncacheable = await server.Cas.StoreAsync(action.Digest, new Reapi.Action { DoNotCache = true }.ToByteArray(), Token);

        await AssertRefusedAsync(
            HttpStatusCode.BadRequest, "do_not_cache", HttpMethod.Put, $"/ac/{uncacheable.Hash}", new Reapi.ActionResult { ExitCode = 1 }.ToByteArray());
    }

    [Theory]
    [InlineData(CcacheKey)]
    [InlineData("/0b9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData("/pre/fix/0b9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData("/ac/0b9df2c0e5948caecc30cf0dc3e524abaf119d920b9df2c0e5948caecc30cf0d")]
    [InlineData("/pre/fix/ac/0b9df2c0e5948caecc30cf0dc3e524abaf119d920b9df2c0e5948caecc30cf0d")]
    public async Task Values_of_ccache_go_in_and_out_and_away(string path)
    {
        byte[] value = [0xcc, 0xac, .. TestBlob.Random(9, 100_000).Content];
        Assert.Null(await GetAsync(path));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Delete, path)).Status);

        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, path, value)).Status);
        Assert.Equal(value, await GetAsync(path));
        Assert.Null(await GetAsync("/elsewhere" + path));
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, path, value[..7])).Status);
        Assert.Equal(value[..7], await GetAsync(path));

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, path)).Status);
        Assert.Null(await GetAsync(path));
    }

    [Fact]
    public async Task A_value_of_an_action_too_long_for_a_result_is_kept_as_it_is()
    {
        byte[] value = TestBlob.Random(10, (16 * 1024 * 1024) + 1).Content;

        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, AcPath, value)).Status);

        Assert.Equal(value, await GetAsync(AcPath));
    }

    [Fact]
    public async Task A_body_without_a_length_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, CasPath(action)) { Content = new ByteArrayContent(action.Content) };
        request.Headers.TransferEncodingChunked = true;

        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.LengthRequired, response.StatusCode);
    }

    [Fact]
    public async Task A_client_may_wait_for_100_before_it_sends_the_body()
    {
        TestBlob blob = TestBlob.Random(11, 3_000_000);
        using var request = new HttpRequestMessage(HttpMethod.Put, CasPath(blob)) { Content = new ByteArrayContent(blob.Content) };
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal(blob.Content, await GetAsync(CasPath(blob)));
    }

    [Fact]
    [Rule("CAS-12")]
    [Rule("AC-08")]
    public async Task What_the_server_does_not_offer_is_refused()
    {
        await RestartAsync(new ServerFeatures { ActionCacheUpdate = false, Limits = new CasLimits { MaxBlobBytes = 100 } });
        byte[] result = new Reapi.ActionResult { ExitCode = 1 }.ToByteArray();

        await AssertRefusedAsync(HttpStatusCode.RequestEntityTooLarge, "142 bytes are more than the 100", HttpMethod.Put, CasPath(action), action.Content);
        await AssertRefusedAsync(HttpStatusCode.Forbidden, "update", HttpMethod.Put, AcPath, result);
        await AssertRefusedAsync(HttpStatusCode.Forbidden, "update", HttpMethod.Put, CcacheKey, result);
        await AssertRefusedAsync(HttpStatusCode.Forbidden, "update", HttpMethod.Delete, CcacheKey);
        await AssertRefusedAsync(HttpStatusCode.MethodNotAllowed, "GET, HEAD, PUT", HttpMethod.Post, CasPath(action), result);
        await AssertRefusedAsync(HttpStatusCode.MethodNotAllowed, "GET, HEAD, PUT", HttpMethod.Delete, CasPath(action));
    }

    [Fact]
    [Rule("CAS-03")]
    [Rule("CAS-08")]
    public async Task A_store_that_is_full_or_away_is_told_as_such()
    {
        backing.Fail(StoreOperation.OpenWrite, () => new StoreFullException("disk", 142, "make room"));
        await AssertRefusedAsync(HttpStatusCode.InsufficientStorage, "make room", HttpMethod.Put, CasPath(action), action.Content);

        backing.Fail(StoreOperation.OpenRead, () => new StoreUnavailableException("disk", null));
        await AssertRefusedAsync(HttpStatusCode.ServiceUnavailable, "'disk' is unavailable", HttpMethod.Get, CasPath(action));
    }

    [Fact]
    [Rule("BSR-08")]
    public async Task A_read_that_fails_midway_is_cut_off_and_not_taken_for_whole()
    {
        TestBlob blob = TestBlob.Random(12, 5_000_000);
        await server.Cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        int reads = 0;
        backing.Before = (operation, digest) =>
            operation == StoreOperation.Read && ++reads == 3 ? throw new BlobCorruptException(digest!.Value) : ValueTask.CompletedTask;

        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(CasPath(blob)));

        await server.DisposeAsync();
        Assert.Empty(server.Log.Entries); // the store has told of it
    }

    [Fact]
    [Rule("BSW-17")]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        TestBlob blob = TestBlob.Random(13, 100_000);
        using var gone = new CancellationTokenSource();
        backing.Before = (operation, _) =>
        {
            if (operation == StoreOperation.Write)
                gone.Cancel();
            return ValueTask.CompletedTask;
        };
        using var request = new HttpRequestMessage(HttpMethod.Put, CasPath(blob)) { Content = new StreamContent(new StallingStream(blob.Content[..50_000], gone.Token)) };
        request.Content.Headers.ContentLength = blob.Content.Length;

        await Assert.ThrowsAnyAsync<Exception>(() => server.Http.SendAsync(request, gone.Token));
        backing.Before = null;
        await RestartAsync(new ServerFeatures()); // the server stops when the request has ended

        Assert.Null(await GetAsync(CasPath(blob)));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/status")]
    public async Task Other_paths_are_left_to_others(string path) => await AssertRefusedAsync(HttpStatusCode.NotFound, "", HttpMethod.Get, path);

    /// <summary>Has some content, then nothing more until the token fires.</summary>
    private sealed class StallingStream(byte[] head, CancellationToken until) : MemoryStream(head)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            if (read == 0)
                await Task.Delay(Timeout.Infinite, until);
            return read;
        }
    }
}
