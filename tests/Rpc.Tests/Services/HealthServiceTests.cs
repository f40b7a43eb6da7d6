using Grpc.Health.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Services;
using RemoteExec.TestKit;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace RemoteExec.Rpc.Tests.Services;

public sealed class HealthServiceTests
{
    private readonly HealthService health = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("HLT-01")]
    public async Task The_empty_name_is_the_whole_server_and_an_unknown_one_is_NOT_FOUND()
    {
        await using TestServer server = await TestServer.StartAsync(health.ToRpcService());
        health.Set("a.B", false);

        Assert.Equal(ServingStatus.Serving, await CheckAsync(""));
        Assert.Equal(ServingStatus.NotServing, await CheckAsync("a.B"));
        RpcException unknown = await Assert.ThrowsAsync<RpcException>(() => CheckAsync("c.D"));
        Assert.Equal(StatusCode.NotFound, unknown.Code);

        async Task<ServingStatus> CheckAsync(string service) =>
            (await server.Channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
                "/grpc.health.v1.Health/Check", new() { Service = service }, Cancel)).Status;
    }

    [Fact]
    [Rule("HLT-02")]
    public async Task A_watch_tells_the_status_at_once_and_every_change_of_it()
    {
        await using TestServer server = await TestServer.StartAsync(health.ToRpcService());
        await using RpcClientCall watch = server.Channel.Send("/grpc.health.v1.Health/Watch", new HealthCheckRequest { Service = "a.B" }, null, Cancel);

        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync());
        health.Set("a.B", true);
        Assert.Equal(ServingStatus.Serving, await NextAsync());
        health.Set("c.D", true);
        health.Set("a.B", false);
        Assert.Equal(ServingStatus.NotServing, await NextAsync());

        async Task<ServingStatus?> NextAsync() => (await watch.ReadAsync<HealthCheckResponse>())?.Status;
    }

    [Fact]
    public async Task Stopping_tells_the_watches_and_ends_them()
    {
        await using TestServer server = await TestServer.StartAsync(health.ToRpcService());
        await using RpcClientCall watch = server.Channel.Send("/grpc.health.v1.Health/Watch", new HealthCheckRequest(), null, Cancel);
        Assert.Equal(ServingStatus.Serving, (await watch.ReadAsync<HealthCheckResponse>())?.Status);

        health.Stop();
        health.Set("", true);

        Assert.Equal(ServingStatus.NotServing, (await watch.ReadAsync<HealthCheckResponse>())?.Status);
        RpcException end = await Assert.ThrowsAsync<RpcException>(async () => await watch.ReadAsync<HealthCheckResponse>());
        Assert.Equal(StatusCode.Unavailable, end.Code);
    }

    [Fact]
    [Rule("HLT-03")]
    public async Task A_list_has_every_service_unless_they_are_too_many()
    {
        await using TestServer server = await TestServer.StartAsync(health.ToRpcService());
        health.Set("a.B", false);

        HealthListResponse list = await ListAsync();

        Assert.Equal(2, list.Statuses.Count);
        Assert.Equal(ServingStatus.Serving, list.Statuses[""].Status);
        Assert.Equal(ServingStatus.NotServing, list.Statuses["a.B"].Status);

        for (int i = 0; i < HealthService.MaxListed; i++)
            health.Set($"s{i}", true);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(ListAsync)).Code);

        Task<HealthListResponse> ListAsync() =>
            server.Channel.UnaryAsync<HealthListRequest, HealthListResponse>("/grpc.health.v1.Health/List", new(), Cancel);
    }
}
