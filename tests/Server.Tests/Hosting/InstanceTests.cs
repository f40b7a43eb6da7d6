using System.Net;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Hosting;

/// <summary>Instances as tenants of one server.</summary>
public sealed class InstanceTests : IDisposable
{
    private readonly TemporaryDirectory data = new();
    private readonly TestBlob blob = TestBlob.Random(1, 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    [Fact]
    [Rule("GEN-05")]
    public async Task Blobs_and_results_of_instances_never_meet()
    {
        await using Tenants tenants = await Tenants.StartAsync(data, "instances={ a: { maxSize: 8MiB }, b: { cas: { memory: {} }, actionCache: { memory: {} } } }");

        await tenants.Cas("a").WriteAllAsync(blob.Digest, blob.Content, Token);
        await tenants.Results("a").PutAsync(blob.Digest, new Reapi.ActionResult { ExitCode = 1 }, Token);

        foreach (string other in (string[])["", "b", "c", "a/x", "ab"])
        {
            Assert.False(await tenants.Cas(other).ContainsAsync(blob.Digest, Token), other);
            Assert.Null(await tenants.Results(other).FindAsync(blob.Digest, Token));
        }

        Assert.True(await tenants.Cas("a").ContainsAsync(blob.Digest, Token));
        Assert.NotNull(await tenants.Results("a").FindAsync(blob.Digest, Token));
        Assert.True(Directory.Exists(data["instances", "a", "cas"]));
    }

    [Fact]
    public async Task A_quota_bounds_its_instance_and_touches_no_other()
    {
        await using Tenants tenants = await Tenants.StartAsync(data, "instances={ \"big/one\": { maxSize: 8MiB } }");
        await tenants.Cas("").WriteAllAsync(blob.Digest, blob.Content, Token);
        TestBlob[] many = [.. Enumerable.Range(0, 64).Select(i => TestBlob.Random(100 + i, 1 << 20))];

        foreach (TestBlob one in many)
            await tenants.Cas("big/one/below").WriteAllAsync(one.Digest, one.Content, Token);

        int missing = (await tenants.Cas("big/one/below").FindMissingAsync([.. many.Select(one => one.Digest)], Token)).Count;
        Assert.InRange(missing, 56, 63); // 8 MiB hold no more than 8 of them
        Assert.True(await tenants.Cas("").ContainsAsync(blob.Digest, Token));
        await Assert.ThrowsAsync<StoreFullException>(async () => await tenants.Cas("big/one").WriteAllAsync(TestBlob.Random(2, 9 << 20).Digest, TestBlob.Random(2, 9 << 20).Content, Token));
    }

    [Fact]
    [Rule("BSW-16")]
    [Rule("CAP-01")]
    public async Task A_read_only_instance_is_read_and_not_written()
    {
        await using (Tenants before = await Tenants.StartAsync(data))
        {
            await before.Cas("gold/x").WriteAllAsync(blob.Digest, blob.Content, Token);
            await before.Results("gold").PutAsync(blob.Digest, new Reapi.ActionResult { ExitCode = 1 }, Token);
        }

        await using Tenants tenants = await Tenants.StartAsync(data, "instances={ gold: { readOnly: true }, gold/ci: { readOnly: false } }", "execution.enabled=true");

        Assert.Equal(blob.Content, await tenants.Cas("gold/x").ReadAllAsync(blob.Digest, 100, Token));
        Assert.NotNull(await tenants.Results("gold").FindAsync(blob.Digest, Token));
        TestBlob other = TestBlob.Random(2, 100);
        Assert.Equal(StatusCode.PermissionDenied, await RefusalAsync(() => tenants.Cas("gold").WriteAllAsync(other.Digest, other.Content, Token).AsTask()));
        Assert.Equal(StatusCode.PermissionDenied, await RefusalAsync(() => tenants.Results("gold/x").PutAsync(other.Digest, new Reapi.ActionResult(), Token)));
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => tenants.ExecuteAsync("gold", blob.Digest))).Code);
        Assert.Equal((false, false), await tenants.CapabilitiesAsync("gold/x"));
        Assert.Equal((true, true), await tenants.CapabilitiesAsync("gold/ci"));
        await tenants.Cas("gold/ci").WriteAllAsync(other.Digest, other.Content, Token);
        Assert.Equal(HttpStatusCode.Forbidden, await tenants.PutAsync($"gold/cas/{other.Digest.Hash}", other.Content));
        Assert.Equal(HttpStatusCode.Forbidden, await tenants.PutAsync($"gold/ac/{other.Digest.Hash}", [1, 2, 3]));
        Assert.Equal(HttpStatusCode.Created, await tenants.PutAsync($"silver/cas/{other.Digest.Hash}", other.Content));
    }

    [Fact]
    public async Task The_nameless_instance_has_settings_of_its_own()
    {
        await using Tenants tenants = await Tenants.StartAsync(data, "instances={ \"\": { updates: false } }");

        Assert.Equal(StatusCode.PermissionDenied, await RefusalAsync(() => tenants.Results("").PutAsync(blob.Digest, new Reapi.ActionResult(), Token)));
    }

    [Fact]
    [Rule("AC-05")]
    public async Task Whether_clients_may_store_results_is_said_for_each_instance()
    {
        await using Tenants tenants = await Tenants.StartAsync(data, "actionCache.updates=false", "instances={ dev: { updates: true } }");

        await tenants.Results("dev/me").PutAsync(blob.Digest, new Reapi.ActionResult { ExitCode = 1 }, Token);

        Assert.Equal(StatusCode.PermissionDenied, await RefusalAsync(() => tenants.Results("").PutAsync(blob.Digest, new Reapi.ActionResult(), Token)));
        Assert.Equal((true, false), await tenants.CapabilitiesAsync("dev"));
        Assert.Equal((false, false), await tenants.CapabilitiesAsync("other"));
    }

    [Fact]
    [Rule("GEN-03")]
    public async Task Where_only_listed_instances_are_served_others_are_refused()
    {
        await using Tenants tenants = await Tenants.StartAsync(data, "instances={ a: {} }", "otherInstances=false");

        await tenants.Cas("a/b").WriteAllAsync(blob.Digest, blob.Content, Token);

        foreach (string unknown in (string[])["", "b"])
        {
            Assert.Equal(StatusCode.InvalidArgument, await RefusalAsync(() => tenants.Cas(unknown).FindMissingAsync([blob.Digest], Token).AsTask()));
            Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => tenants.CapabilitiesAsync(unknown))).Code);
            Assert.Equal(StatusCode.InvalidArgument, await RefusalAsync(() => tenants.Results(unknown).FindAsync(blob.Digest, Token).AsTask()));
        }

        Assert.Equal(HttpStatusCode.BadRequest, await tenants.PutAsync($"cas/{blob.Digest.Hash}", blob.Content));
    }

    [Theory]
    [InlineData("instances={ \"a/blobs\": {} }", "instances: ")]
    [InlineData("instances={ a: { maxSize: 0 } }", "instances.a.maxSize: must be positive")]
    [InlineData("instances={ a: { cas: nowhere } }", "instances.a.cas: there is no store 'nowhere'")]
    [InlineData("instances={ a: { size: 1GiB } }", "instances.a.size: unknown key")]
    [InlineData("instances={ a: { maxSize: 1GiB, cas: { memory: {} }, actionCache: { memory: {} } } }", "instances.a.maxSize: has no meaning")]
    public void What_is_wrong_with_an_instance_is_told(string setting, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigException>(() => TestServers.OptionsOf(data, setting)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_instance_s_results_need_a_store_that_is_no_CAS() =>
        Assert.Contains(
            "instances.a.actionCache: is the store of the CAS",
            Assert.Throws<ConfigException>(() => TestServers.OptionsOf(data, "stores={ m: { memory: {} } }", "instances={ a: { actionCache: m }, b: { cas: m } }")).Message, StringComparison.Ordinal);

    private static async Task<StatusCode> RefusalAsync(Func<Task> call)
    {
        Exception exception = await Assert.ThrowsAnyAsync<CasException>(call);
        return exception is BlobMismatchException ? StatusCode.InvalidArgument : Assert.IsType<RpcException>(exception.InnerException).Code;
    }

    private sealed class Tenants(RunningServer server) : IAsyncDisposable
    {
        private readonly RpcChannel channel = TestServers.Connect(server);

        public static async Task<Tenants> StartAsync(TemporaryDirectory data, params string[] settings) => new(await TestServers.StartAsync(data, settings));

        public RemoteStore Cas(string instance) => new(channel, TimeSpan.Zero, TimeProvider.System, InstanceName.Parse(instance));

        public ActionCacheStore Results(string instance) => new(new RemoteResultStore(channel, TimeSpan.Zero, TimeProvider.System, InstanceName.Parse(instance)));

        public async Task<(bool Updates, bool Executes)> CapabilitiesAsync(string instance)
        {
            Reapi.ServerCapabilities capabilities = await channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
                "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest { InstanceName = instance }, Token);
            return (capabilities.CacheCapabilities.ActionCacheUpdateCapabilities.UpdateEnabled, capabilities.ExecutionCapabilities?.ExecEnabled ?? false);
        }

        public async Task ExecuteAsync(string instance, Digest action)
        {
            var request = new Reapi.ExecuteRequest { InstanceName = instance, ActionDigest = action.ToProto() };
            await foreach (Google.LongRunning.Operation _ in channel.ServerStreamAsync<Reapi.ExecuteRequest, Google.LongRunning.Operation>(
                "/build.bazel.remote.execution.v2.Execution/Execute", request, Token))
            {
            }
        }

        public async Task<HttpStatusCode> PutAsync(string path, byte[] content)
        {
            using var client = new HttpClient();
            ListenAddress address = server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address;
            using HttpResponseMessage response = await client.PutAsync(new Uri($"http://{address}/{path}"), new ByteArrayContent(content), Token);
            return response.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            await channel.DisposeAsync();
            await server.DisposeAsync();
        }
    }
}
