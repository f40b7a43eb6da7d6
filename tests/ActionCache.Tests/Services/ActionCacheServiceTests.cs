using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests.Services;

public sealed class ActionCacheServiceTests : IAsyncLifetime
{
    private static readonly TestBlob action = TestBlob.Of(new Reapi.Action { Salt = ByteString.CopyFromUtf8("s") }.ToByteArray());
    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task<Reapi.ActionResult> GetAsync(Reapi.GetActionResultRequest? request = null)
    {
        request ??= new Reapi.GetActionResultRequest();
        request.ActionDigest ??= action.Digest.ToProto();
        return server.Grpc.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", request, Token);
    }

    private Task<Reapi.ActionResult> UpdateAsync(Reapi.ActionResult? result, Digest? key = null, string instance = "") =>
        server.Grpc.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult",
            new Reapi.UpdateActionResultRequest { InstanceName = instance, ActionDigest = (key ?? action.Digest).ToProto(), ActionResult = result }, Token);

    private async Task<Digest> StoreAsync(byte[] content) => await server.Cas.StoreAsync(action.Digest, content, Token);

    private static async Task AssertStatusAsync(StatusCode code, string message, Func<Task> call)
    {
        RpcException exception = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, exception.Code);
        Assert.Contains(message, exception.Status.Message);
    }

    [Fact]
    [Rule("AC-01")]
    public async Task An_unknown_action_is_NOT_FOUND() => await AssertStatusAsync(StatusCode.NotFound, action.Digest.Hash, () => GetAsync());

    [Fact]
    [Rule("AC-06")]
    [Rule("AC-13")]
    public async Task What_was_stored_is_answered_even_of_a_failed_action()
    {
        var result = new Reapi.ActionResult { ExitCode = 1 };

        Assert.Equal(result, await UpdateAsync(result));

        Assert.Equal(result, await GetAsync());
    }

    [Fact]
    [Rule("AC-07")]
    [Rule("AC-10")]
    public async Task The_action_need_not_be_in_the_CAS_and_counts_in_its_own_instance_only()
    {
        await UpdateAsync(new Reapi.ActionResult { ExitCode = 1 }, instance: "a/b");

        Assert.Equal(1, (await GetAsync(new Reapi.GetActionResultRequest { InstanceName = "a/b" })).ExitCode);
        await AssertStatusAsync(StatusCode.NotFound, "no result", () => GetAsync());
    }

    [Fact]
    [Rule("AC-02")]
    [Rule("Q-04")]
    [Rule("Q-33")]
    public async Task A_result_whose_outputs_are_absent_is_NOT_FOUND()
    {
        var result = new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "f", Digest = TestBlob.Random(1, 10).Digest.ToProto() } } };
        await UpdateAsync(result);
        await AssertStatusAsync(StatusCode.NotFound, "no result", () => GetAsync());

        await StoreAsync(TestBlob.Random(1, 10).Content);
        await UpdateAsync(result);

        Assert.Single((await GetAsync()).OutputFiles);
    }

    [Fact]
    [Rule("AC-03")]
    [Rule("AC-04")]
    [Rule("EXE-15")]
    public async Task Content_is_inlined_when_asked_for_and_the_digest_stays()
    {
        var result = new Reapi.ActionResult
        {
            StdoutDigest = (await StoreAsync("out"u8.ToArray())).ToProto(),
            StderrDigest = (await StoreAsync("err"u8.ToArray())).ToProto(),
            OutputFiles =
            {
                new Reapi.OutputFile { Path = "a/b", Digest = (await StoreAsync("one"u8.ToArray())).ToProto() },
                new Reapi.OutputFile { Path = "c", Digest = (await StoreAsync("two"u8.ToArray())).ToProto() },
            },
        };
        await UpdateAsync(result);

        Reapi.ActionResult plain = await GetAsync();
        Reapi.ActionResult inlined = await GetAsync(new Reapi.GetActionResultRequest { InlineStdout = true, InlineStderr = true, InlineOutputFiles = { "a/b", "b", "nowhere" } });

        Assert.Equal(result, plain);
        Assert.Equal("out", inlined.StdoutRaw.ToStringUtf8());
        Assert.Equal("err", inlined.StderrRaw.ToStringUtf8());
        Assert.Equal(["one", ""], inlined.OutputFiles.Select(file => file.Contents.ToStringUtf8()));
        Assert.Equal(result.StdoutDigest, inlined.StdoutDigest);
        Assert.Equal(result.OutputFiles[0].Digest, inlined.OutputFiles[0].Digest);
    }

    [Fact]
    [Rule("AC-03")]
    [Rule("Q-15")]
    public async Task What_would_pass_the_limit_of_a_response_is_not_inlined()
    {
        const int limit = 10_000;
        await server.DisposeAsync();
        server = await TestServer.StartAsync(new ServerFeatures { Limits = new CasLimits { MaxResponseBytes = limit } });
        var result = new Reapi.ActionResult { StdoutDigest = (await StoreAsync(TestBlob.Random(1, 6000).Content)).ToProto() };
        for (int i = 0; i < 5; i++)
            result.OutputFiles.Add(new Reapi.OutputFile { Path = $"{i}", Digest = (await StoreAsync(TestBlob.Random(i, i == 2 ? 9000 : 900).Content)).ToProto() });
        await UpdateAsync(result);

        Reapi.ActionResult inlined = await GetAsync(new Reapi.GetActionResultRequest { InlineStdout = true, InlineOutputFiles = { "0", "1", "2", "3", "4" } });

        Assert.InRange(inlined.CalculateSize(), 6000, limit);
        Assert.Equal(6000, inlined.StdoutRaw.Length);
        Assert.Equal([900, 900, 0, 900], inlined.OutputFiles.Take(4).Select(file => file.Contents.Length));
    }

    [Fact]
    [Rule("AC-14")]
    public async Task Inlined_content_of_an_update_moves_to_the_CAS()
    {
        var sent = new Reapi.ActionResult
        {
            StdoutRaw = ByteString.CopyFromUtf8("out"),
            StderrRaw = ByteString.CopyFromUtf8("err"),
            OutputFiles =
            {
                new Reapi.OutputFile { Path = "a", Contents = ByteString.CopyFromUtf8("one") },
                new Reapi.OutputFile { Path = "b", Contents = ByteString.CopyFromUtf8("two"), Digest = action.Digest.SiblingOf("two"u8).ToProto() },
            },
        };

        Reapi.ActionResult kept = await UpdateAsync(sent);

        Assert.Equal(kept, await GetAsync());
        Assert.True(kept.StdoutRaw.IsEmpty && kept.StderrRaw.IsEmpty && kept.OutputFiles.All(file => file.Contents.IsEmpty));
        Reapi.Digest[] digests = [kept.StdoutDigest, kept.StderrDigest, kept.OutputFiles[0].Digest, kept.OutputFiles[1].Digest];
        foreach ((Reapi.Digest digest, string expected) in digests.Zip(["out", "err", "one", "two"]))
        {
            Assert.True(action.Digest.TryParseSibling(digest, out Digest parsed, out string? error), error);
            Assert.Equal(expected, System.Text.Encoding.UTF8.GetString((await server.Cas.ReadAllAsync(parsed, 100, Token))!));
        }
    }

    public static TheoryData<string, Reapi.ActionResult?> BadResults { get; } = new()
    {
        { "action_result is missing", null },
        { "is empty", new Reapi.ActionResult() },
        { "output file 'f': a digest is missing", new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "f" } } } },
        { "output file 'f': a sha256 hash", new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "f", Digest = new Reapi.Digest { Hash = new string('0', 40) } } } } },
        { "output directory 'd': a digest is missing", new Reapi.ActionResult { OutputDirectories = { new Reapi.OutputDirectory { Path = "d" } } } },
        { "stdout_digest", new Reapi.ActionResult { StdoutDigest = new Reapi.Digest() } },
        { "stderr_digest", new Reapi.ActionResult { StderrDigest = new Reapi.Digest { Hash = "x" } } },
        { "empty path", new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Digest = action.Digest.ToProto() } } } },
        { "'/f' is absolute", new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "/f", Digest = action.Digest.ToProto() } } } },
        { "'l' has no target", new Reapi.ActionResult { OutputSymlinks = { new Reapi.OutputSymlink { Path = "l" } } } },
        { "stdout_raw has 1 bytes", new Reapi.ActionResult { StdoutRaw = ByteString.CopyFromUtf8("x"), StdoutDigest = action.Digest.ToProto() } },
        {
            "the contents of output file 'f' has 1 bytes",
            new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "f", Contents = ByteString.CopyFromUtf8("x"), Digest = action.Digest.ToProto() } } }
        },
    };

    [Fact]
    [Rule("OUT-02")]
    [Rule("Q-16")]
    public async Task Symlinks_may_stand_in_the_old_lists_and_in_the_new_one()
    {
        var link = new Reapi.OutputSymlink { Path = "l", Target = "../nowhere" };
#pragma warning disable CS0612 // clients of the 2.0 API read and write the deprecated lists
        var result = new Reapi.ActionResult { OutputSymlinks = { link }, OutputFileSymlinks = { link }, OutputDirectorySymlinks = { link } };
        var bad = new Reapi.ActionResult { OutputFileSymlinks = { new Reapi.OutputSymlink { Path = "old" } } };
#pragma warning restore CS0612

        await UpdateAsync(result);

        Assert.Equal(result, await GetAsync());
        await AssertStatusAsync(StatusCode.InvalidArgument, "'old' has no target", () => UpdateAsync(bad));
    }

    [Theory]
    [Rule("AC-05")]
    [Rule("AC-09")]
    [Rule("DIG-10")]
    [Rule("GEN-06")]
    [MemberData(nameof(BadResults))]
    public async Task A_bad_result_is_INVALID_ARGUMENT_and_not_stored(string reason, Reapi.ActionResult? result)
    {
        await AssertStatusAsync(StatusCode.InvalidArgument, reason, () => UpdateAsync(result));

        Assert.Null(await server.Cache.GetAsync(action.Digest, Token));
    }

    [Fact]
    [Rule("GEN-04")]
    [Rule("GEN-06")]
    [Rule("DIG-09")]
    public async Task A_bad_key_is_INVALID_ARGUMENT()
    {
        await AssertStatusAsync(StatusCode.InvalidArgument, "reserved segment 'blobs'", () => GetAsync(new Reapi.GetActionResultRequest { InstanceName = "a/blobs" }));
        await AssertStatusAsync(StatusCode.InvalidArgument, "action_digest", () => GetAsync(new Reapi.GetActionResultRequest { ActionDigest = new Reapi.Digest { Hash = "abc" } }));
        await AssertStatusAsync(
            StatusCode.InvalidArgument, "sha1 hash", () => GetAsync(new Reapi.GetActionResultRequest { DigestFunction = Reapi.DigestFunction.Types.Value.Sha1 }));
        await AssertStatusAsync(
            StatusCode.InvalidArgument, "action_digest: a digest is missing", () => server.Grpc.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
                "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", new Reapi.GetActionResultRequest(), Token));
    }

    [Fact]
    [Rule("AC-15")]
    public async Task The_result_of_an_action_that_is_not_to_be_cached_is_refused()
    {
        Digest uncacheable = await StoreAsync(new Reapi.Action { DoNotCache = true }.ToByteArray());

        await AssertStatusAsync(StatusCode.InvalidArgument, "do_not_cache", () => UpdateAsync(new Reapi.ActionResult { ExitCode = 1 }, uncacheable));

        Assert.Null(await server.Cache.GetAsync(uncacheable, Token));
    }

    [Fact]
    public async Task A_key_under_which_the_CAS_has_something_else_than_an_action_is_as_good_as_any()
    {
        Digest key = await StoreAsync([0x0a, 0xff]);

        Assert.Equal(1, (await UpdateAsync(new Reapi.ActionResult { ExitCode = 1 }, key)).ExitCode);
    }

    [Fact]
    [Rule("AC-08")]
    public async Task An_update_is_PERMISSION_DENIED_where_updates_are_disabled()
    {
        await server.DisposeAsync();
        server = await TestServer.StartAsync(new ServerFeatures { ActionCacheUpdate = false });

        await AssertStatusAsync(StatusCode.PermissionDenied, "update", () => UpdateAsync(new Reapi.ActionResult { ExitCode = 1 }));
    }

    [Fact]
    [Rule("AC-05")]
    public async Task No_room_is_RESOURCE_EXHAUSTED()
    {
        await server.DisposeAsync();
        server = await TestServer.StartAsync(results: new Cas.Stores.MemoryStore(10));

        await AssertStatusAsync(
            StatusCode.ResourceExhausted, "no room", () => UpdateAsync(new Reapi.ActionResult { OutputSymlinks = { new Reapi.OutputSymlink { Path = "link", Target = "target" } } }));
    }

    [Fact]
    [Rule("Q-15")]
    public async Task A_result_of_many_outputs_is_larger_than_usual_messages_and_is_stored()
    {
        var result = new Reapi.ActionResult();
        for (int i = 0; i < 60_000; i++)
            result.OutputSymlinks.Add(new Reapi.OutputSymlink { Path = $"some/quite/long/path/to/an/output/of/the/action/{i}", Target = "../../target/of/it" });
        Assert.True(result.CalculateSize() > 4 * 1024 * 1024);

        await UpdateAsync(result);

        Assert.Equal(result, await server.Cache.GetAsync(action.Digest, Token));
    }
}
