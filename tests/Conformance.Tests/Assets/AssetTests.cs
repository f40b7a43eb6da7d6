using Build.Bazel.Remote.Asset.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using RemoteExec.ActionCache;
using RemoteExec.Assets;
using RemoteExec.Assets.Services;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Fetching;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Assets;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Conformance.Tests.Assets;

public sealed class AssetTests : IAsyncLifetime
{
    private const string Service = "/build.bazel.remote.asset.v1.";
    private static readonly TestBlob blob = TestBlob.Random(1, 1000), other = TestBlob.Random(2, 1000), absent = TestBlob.Random(3, 1000);
    private static readonly TestBlob file = TestBlob.Random(4, 10);
    private static readonly TestBlob directory = TestBlob.Of(new Reapi.Directory { Files = { new Reapi.FileNode { Name = "f", Digest = file.Digest.ToProto() } } }.ToByteArray());
    private readonly ManualTimeProvider time = new();
    private readonly TemporaryDirectory spool = new();
    private readonly HttpDownloads http;
    private readonly IBlobStore cas = new EmptyBlobStore(new VerifyingStore(new MemoryStore(1 << 20)));
    private readonly AssetFetcher fetcher;
    private readonly IActionCache results;
    private InProcessServer server = null!;

    public AssetTests()
    {
        var addresses = new FetchableAddresses(allowsPrivate: false);
        http = new HttpDownloads(addresses, null, time);
        results = new CompleteActionCache(new ActionCacheStore(new MemoryStore(1 << 20)), cas);
        fetcher = new AssetFetcher(results, cas, http, addresses, new AssetFetchOptions { SpoolDirectory = spool["assets"] }, time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        foreach (TestBlob one in new[] { blob, other, file, directory })
            await cas.WriteAllAsync(one.Digest, one.Content, Token);
        server = await StartAsync(new ServerFeatures());
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await fetcher.DisposeAsync();
        http.Dispose();
        spool.Dispose();
    }

    [Fact]
    [Rule("PSH-01")]
    [Rule("AST-01")]
    public async Task What_was_pushed_is_found_by_each_of_its_URIs()
    {
        await PushAsync(new PushBlobRequest { Uris = { "urn:a", "urn:b" }, Qualifiers = { Q("x", "1") }, BlobDigest = Wire(blob) });

        foreach (string uri in new[] { "urn:a", "urn:b" })
        {
            FetchBlobResponse response = await FetchAsync(new FetchBlobRequest { Uris = { "urn:unknown", uri }, Qualifiers = { Q("x", "1") } });
            Assert.Equal((0, uri, Wire(blob)), (response.Status.Code, response.Uri, response.BlobDigest));
            Assert.Equal(Q("x", "1"), Assert.Single(response.Qualifiers));
        }
    }

    [Fact]
    [Rule("PSH-06")]
    [Rule("AST-02")]
    public async Task What_was_pushed_is_found_by_the_same_qualifiers_in_any_order_and_by_no_others()
    {
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, Qualifiers = { Q("x", "1"), Q("y", "2") }, BlobDigest = Wire(blob) });

        Assert.Equal(0, (await FetchAsync(new FetchBlobRequest { Uris = { "urn:a" }, Qualifiers = { Q("y", "2"), Q("x", "1") } })).Status.Code);
        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:a" }, Qualifiers = { Q("x", "1") } });
        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:a" } });
        await InvalidAsync("is there twice", () => FetchAsync(new FetchBlobRequest { Uris = { "urn:a" }, Qualifiers = { Q("x", "1"), Q("x", "1") } }));
        await InvalidAsync("is there twice", () => PushAsync(new PushBlobRequest { Uris = { "urn:a" }, Qualifiers = { Q("x", "1"), Q("x", "1") }, BlobDigest = Wire(blob) }));
    }

    [Fact]
    [Rule("AST-01")]
    [Rule("Q-71")]
    public async Task Without_a_URI_everything_is_refused_as_invalid()
    {
        await InvalidAsync("uris is empty", () => FetchAsync(new FetchBlobRequest()));
        await InvalidAsync("uris is empty", () => FetchAsync(new FetchDirectoryRequest()));
        await InvalidAsync("uris is empty", () => PushAsync(new PushBlobRequest()));
        await InvalidAsync("uris is empty", () => PushAsync(new PushDirectoryRequest()));
    }

    [Fact]
    [Rule("AST-12")]
    public async Task What_nobody_has_pushed_and_nobody_can_fetch_is_not_found_and_that_is_no_error_of_the_call()
    {
        FetchBlobResponse response = await FetchAsync(new FetchBlobRequest { Uris = { "urn:none" }, Qualifiers = { Q("of", "somebody") } });

        Assert.Equal(((int)StatusCode.NotFound, "urn:none"), (response.Status.Code, response.Uri));
        Assert.Equal((int)StatusCode.NotFound, (await FetchAsync(new FetchDirectoryRequest { Uris = { "urn:none" } })).Status.Code);
    }

    [Fact]
    [Rule("AST-03")]
    public async Task What_could_be_fetched_but_for_a_qualifier_that_nobody_knows_is_refused_with_its_name()
    {
        RpcException exception = await InvalidAsync("'vcs.branch'", () => FetchAsync(new FetchBlobRequest { Uris = { "https://example.invalid/x" }, Qualifiers = { Q("vcs.branch", "main"), Q("bazel.canonical_id", "x") } }));

        BadRequest.Types.FieldViolation violation = Assert.Single(Assert.Single(exception.Status.Details).Unpack<BadRequest>().FieldViolations);
        Assert.Equal(("qualifiers.name", "\"vcs.branch\" not supported"), (violation.Field, violation.Description));
    }

    [Fact]
    [Rule("AST-05")]
    public async Task What_must_not_be_fetched_is_refused_in_the_answer()
    {
        FetchBlobResponse response = await FetchAsync(new FetchBlobRequest { Uris = { "https://127.0.0.1:1/x" } });

        Assert.Equal(((int)StatusCode.PermissionDenied, "https://127.0.0.1:1/x"), (response.Status.Code, response.Uri));
        Assert.Contains("private or reserved", response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("AST-06")]
    [Rule("AST-07")]
    public async Task A_time_that_makes_no_sense_is_refused()
    {
        await InvalidAsync("timeout", () => FetchAsync(new FetchBlobRequest { Uris = { "urn:a" }, Timeout = new Duration { Seconds = -1 } }));
        await InvalidAsync("timeout", () => FetchAsync(new FetchBlobRequest { Uris = { "urn:a" }, Timeout = new Duration { Seconds = long.MaxValue } }));
        await InvalidAsync("oldest_content_accepted", () => FetchAsync(new FetchBlobRequest { Uris = { "urn:a" }, OldestContentAccepted = new Timestamp { Nanos = -1 } }));
        await InvalidAsync("expire_at", () => PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob), ExpireAt = new Timestamp { Seconds = long.MinValue } }));
    }

    [Fact]
    [Rule("AST-07")]
    public async Task What_was_pushed_before_the_oldest_that_is_accepted_is_not_answered()
    {
        DateTimeOffset before = time.GetUtcNow();
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob) });

        Assert.Equal(0, (await FetchAsync(new FetchBlobRequest { Uris = { "urn:a" }, OldestContentAccepted = Timestamp.FromDateTimeOffset(before) })).Status.Code);
        time.Advance(TimeSpan.FromSeconds(2));
        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:a" }, OldestContentAccepted = Timestamp.FromDateTimeOffset(before.AddSeconds(1)) });
    }

    [Fact]
    [Rule("AST-09")]
    [Rule("DIG-12")]
    public async Task A_function_that_is_not_stated_is_SHA256_for_a_fetch_and_follows_from_the_hash_for_a_push()
    {
        TestBlob sha1 = TestBlob.Random(7, 100, function: DigestFunction.Sha1);
        await cas.WriteAllAsync(sha1.Digest, sha1.Content, Token);
        await PushAsync(new PushBlobRequest { Uris = { "urn:1" }, BlobDigest = Wire(sha1) });
        await PushAsync(new PushBlobRequest { Uris = { "urn:256" }, BlobDigest = Wire(blob) });

        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:1" } });
        FetchBlobResponse stated = await FetchAsync(new FetchBlobRequest { Uris = { "urn:1" }, DigestFunction = Reapi.DigestFunction.Types.Value.Sha1 });
        FetchBlobResponse unstated = await FetchAsync(new FetchBlobRequest { Uris = { "urn:256" } });

        Assert.Equal((Wire(sha1), Reapi.DigestFunction.Types.Value.Sha1), (stated.BlobDigest, stated.DigestFunction));
        Assert.Equal((Wire(blob), Reapi.DigestFunction.Types.Value.Sha256), (unstated.BlobDigest, unstated.DigestFunction));
        await InvalidAsync("is not supported", () => FetchAsync(new FetchBlobRequest { Uris = { "urn:1" }, DigestFunction = Reapi.DigestFunction.Types.Value.Vso }));
    }

    [Fact]
    [Rule("PSH-02")]
    public async Task Where_results_are_not_updated_nothing_is_pushed()
    {
        await using InProcessServer closed = await StartAsync(new ServerFeatures { ActionCacheUpdate = false });

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => closed.Channel.UnaryAsync<PushBlobRequest, PushBlobResponse>(
            Service + "Push/PushBlob", new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob) }, Token));

        Assert.Equal(StatusCode.PermissionDenied, exception.Code);
    }

    [Fact]
    [Rule("PSH-03")]
    public async Task A_push_ends_when_it_says_and_a_later_one_changes_that()
    {
        DateTimeOffset end = time.GetUtcNow().AddMinutes(1);
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob), ExpireAt = Timestamp.FromDateTimeOffset(end) });
        Assert.Equal(Timestamp.FromDateTimeOffset(end), (await FetchAsync(new FetchBlobRequest { Uris = { "urn:a" } })).ExpiresAt);

        time.Advance(TimeSpan.FromMinutes(2));
        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:a" } });
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(other) });

        FetchBlobResponse again = await FetchAsync(new FetchBlobRequest { Uris = { "urn:a" } });
        Assert.Equal((Wire(other), null), (again.BlobDigest, again.ExpiresAt));
    }

    [Fact]
    [Rule("PSH-04")]
    [Rule("PSH-05")]
    public async Task Content_and_all_that_it_refers_to_has_to_be_there_when_it_is_pushed_and_when_it_is_fetched()
    {
        await InvalidAsync("upload it first", () => PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(absent) }));
        await InvalidAsync("upload it first", () => PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob), ReferencesBlobs = { Wire(absent) } }));
        await InvalidAsync("upload it first", () => PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob), ReferencesDirectories = { Wire(absent) } }));
        await InvalidAsync("upload it first", () => PushAsync(new PushDirectoryRequest { Uris = { "urn:a" }, RootDirectoryDigest = Wire(blob) }));
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob), ReferencesBlobs = { Wire(other) }, ReferencesDirectories = { Wire(directory) } });
        Assert.Equal(0, (await FetchAsync(new FetchBlobRequest { Uris = { "urn:a" } })).Status.Code);

        await DropAsync(file.Digest);

        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:a" } });
    }

    [Fact]
    [Rule("PSH-07")]
    [Rule("AST-10")]
    public async Task A_blob_is_not_found_as_a_directory_though_it_looks_like_one_nor_the_reverse()
    {
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(directory) });
        Assert.Equal((int)StatusCode.NotFound, (await FetchAsync(new FetchDirectoryRequest { Uris = { "urn:a" } })).Status.Code);

        await PushAsync(new PushDirectoryRequest { Uris = { "urn:a" }, RootDirectoryDigest = Wire(directory) });
        await PushAsync(new PushBlobRequest { Uris = { "urn:a" }, BlobDigest = Wire(blob) });

        FetchDirectoryResponse response = await FetchAsync(new FetchDirectoryRequest { Uris = { "urn:a" } });
        Assert.Equal((0, "urn:a", Wire(directory)), (response.Status.Code, response.Uri, response.RootDirectoryDigest));
        Assert.Equal(Wire(blob), (await FetchAsync(new FetchBlobRequest { Uris = { "urn:a" } })).BlobDigest);
    }

    [Fact]
    public void Nothing_that_may_be_executed_has_the_digest_of_a_binding()
    {
        AssetRequest request = new(AssetKind.Blob, default, DigestFunction.Sha256, ["urn:a"], AssetQualifiers.Read([], 1));
        var name = new AssetName { Kind = AssetName.Types.Kind.Blob, Uri = "urn:a" };
        byte[] key = [0x07, 1, .. name.ToByteArray()];

        Assert.Equal(IncrementalHasher.Compute(default, DigestFunction.Sha256, key), request.KeyOf(0));
        Assert.Throws<InvalidProtocolBufferException>(() => Reapi.Action.Parser.ParseFrom(key));
    }

    [Fact]
    public async Task A_result_that_is_no_binding_is_not_taken_for_one()
    {
        AssetRequest request = new(AssetKind.Blob, default, DigestFunction.Sha256, ["urn:a"], AssetQualifiers.Read([], 1));
        await results.PutAsync(request.KeyOf(0), new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "asset", Digest = Wire(blob) } } }, Token);

        await NotFoundAsync(new FetchBlobRequest { Uris = { "urn:a" } });
    }

    private static Reapi.Digest Wire(TestBlob one) => one.Digest.ToProto();

    private static Qualifier Q(string name, string value) => new() { Name = name, Value = value };

    private static async Task<RpcException> InvalidAsync(string reason, Func<Task> call)
    {
        RpcException exception = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, exception.Code);
        Assert.Contains(reason, exception.Status.Message, StringComparison.Ordinal);
        return exception;
    }

    private Task<InProcessServer> StartAsync(ServerFeatures features) =>
        InProcessServer.StartAsync(new FetchService(fetcher, features, time).ToRpcService(), new PushService(results, cas, features, time).ToRpcService());

    private async Task NotFoundAsync(FetchBlobRequest request) => Assert.Equal((int)StatusCode.NotFound, (await FetchAsync(request)).Status.Code);

    private async Task DropAsync(Digest digest)
    {
        await using BlobReader? reader = await cas.OpenReadAsync(digest, 0, Token);
        reader!.Discard();
    }

    private Task<FetchBlobResponse> FetchAsync(FetchBlobRequest request) => server.Channel.UnaryAsync<FetchBlobRequest, FetchBlobResponse>(Service + "Fetch/FetchBlob", request, Token);

    private Task<FetchDirectoryResponse> FetchAsync(FetchDirectoryRequest request) => server.Channel.UnaryAsync<FetchDirectoryRequest, FetchDirectoryResponse>(Service + "Fetch/FetchDirectory", request, Token);

    private Task<PushBlobResponse> PushAsync(PushBlobRequest request) => server.Channel.UnaryAsync<PushBlobRequest, PushBlobResponse>(Service + "Push/PushBlob", request, Token);

    private Task<PushDirectoryResponse> PushAsync(PushDirectoryRequest request) => server.Channel.UnaryAsync<PushDirectoryRequest, PushDirectoryResponse>(Service + "Push/PushDirectory", request, Token);
}
