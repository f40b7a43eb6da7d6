using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Tests.Operators;

/// <summary>The operator service over gRPC and over HTTP, of a whole server: what it answers, and whom it refuses.</summary>
public sealed class OperatorApiTests : IAsyncDisposable
{
    private const string Secret = "a-token-of-operators-0123456789";
    private SteeredServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Queues_workers_and_operations_are_told_as_JSON()
    {
        server = await SteeredServer.StartAsync();
        await server.ConnectWorkerAsync("w1", ("pool", "big"));
        string running = await server.ExecuteAsync("first", "build", ("pool", "big"));
        string waiting = await server.ExecuteAsync("second", "build", ("pool", "big"));

        JsonElement queue = (await server.JsonAsync("queue?platform=pool=big")).GetProperty("queues")[0];
        Assert.Equal((1, 1, 1), (queue.GetProperty("queued").GetInt32(), queue.GetProperty("running").GetInt32(), queue.GetProperty("slots").GetInt32()));
        Assert.Equal("build", queue.GetProperty("builds")[0].GetProperty("build").GetString());
        Assert.Empty((await server.JsonAsync("queue?platform=pool=")).GetProperty("queues").EnumerateArray());
        Assert.Equal([running], (await server.JsonAsync("workers?name=w*")).GetProperty("workers")[0].GetProperty("operations").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal([running, waiting], (await server.JsonAsync("operations?invocation=build")).GetProperty("operations").EnumerateArray().Select(each => each.GetProperty("name").GetString()));
        Assert.True((await server.JsonAsync("operations?limit=1")).GetProperty("more").GetBoolean());
        JsonElement operation = await server.JsonAsync($"operations/{waiting}");
        Assert.Equal(("QUEUED", "//:second"), (operation.GetProperty("stage").GetString(), operation.GetProperty("target").GetString()));
    }

    [Fact]
    public async Task An_autoscaler_reads_plain_numbers()
    {
        server = await SteeredServer.StartAsync();
        await server.ConnectWorkerAsync("w1", ("pool", "big"));
        await server.ConnectWorkerAsync("w2", ("pool", "small"));
        for (int i = 0; i < 5; i++)
            await server.ExecuteAsync($"{i}", "build", ("pool", "big"));

        JsonElement scaling = await server.JsonAsync("scaling?platform=pool=big&slotsPerWorker=2");
        JsonElement other = await server.JsonAsync("scaling?platform=pool=small");

        Assert.Equal(
            """{"queued":4,"running":1,"workers":1,"slots":1,"idleSlots":0,"wantedSlots":5,"desiredWorkers":3}""",
            JsonSerializer.Serialize(scaling.EnumerateObject().Where(number => number.Name != "oldestWaitSeconds").ToDictionary(number => number.Name, number => number.Value.GetInt32())));
        Assert.True(scaling.GetProperty("oldestWaitSeconds").GetDouble() > 0);
        Assert.Equal((0, 1, 0), (other.GetProperty("queued").GetInt32(), other.GetProperty("idleSlots").GetInt32(), other.GetProperty("desiredWorkers").GetInt32()));
    }

    [Fact]
    public async Task What_is_changed_from_this_machine_happens()
    {
        server = await SteeredServer.StartAsync();
        string[] names = [await server.ExecuteAsync("first", "build"), await server.ExecuteAsync("second", "build"), await server.ExecuteAsync("third", "build")];

        Assert.Contains("\"cancelled\": 1", (await PostAsync("operations:cancel", $$"""{"names": ["{{names[0]}}"]}""")).Body, StringComparison.Ordinal);
        Assert.Contains("\"cancelled\": 2", (await PostAsync("operations:cancel", """{"invocation": "build"}""")).Body, StringComparison.Ordinal);

        JsonElement done = (await server.JsonAsync("operations?done=true")).GetProperty("operations");
        Assert.Equal(names.Order(), done.EnumerateArray().Select(each => each.GetProperty("name").GetString()).Order());
        Assert.All(done.EnumerateArray(), each => Assert.Equal("cancelled", each.GetProperty("outcome").GetString()));
    }

    [Theory]
    [InlineData("GET", "queue?plattform=pool=big", 400, "there is no parameter 'plattform' here: platform, builds")]
    [InlineData("GET", "queue?platform=big", 400, "'big' is no platform property: write name=value")]
    [InlineData("GET", "queue?builds=many", 400, "builds=many is no number")]
    [InlineData("GET", "operations?done=perhaps", 400, "done=perhaps is neither true nor false")]
    [InlineData("GET", "scaling?slotsPerWorker=-1", 400, "slotsPerWorker=-1 is no number")]
    [InlineData("GET", "workers?name=nobody", 404, "no worker 'nobody' is connected")]
    [InlineData("GET", "operations/operations/6f9c2a4e-0000-4000-8000-000000000000", 404, "there is no operation")]
    [InlineData("DELETE", "queue", 405, "this path takes GET")]
    [InlineData("GET", "workers:drain", 405, "this path takes POST")]
    [InlineData("GET", "nothing", 404, "")]
    public async Task A_request_that_makes_no_sense_is_told_so(string method, string path, int status, string message)
    {
        server = await SteeredServer.StartAsync();

        (int actual, string body) = await server.SendAsync(new HttpRequestMessage(new HttpMethod(method), Url(path)));

        Assert.Equal(status, actual);
        Assert.Contains(message, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("workers:drain", """{"name": "nobody"}""", 404, "no worker 'nobody' is connected")]
    [InlineData("workers:drain", """{"name": "nobody", "undo": true}""", 400, "nothing is drained by the name 'nobody'")]
    [InlineData("workers:drain", "{}", 400, "name is empty")]
    [InlineData("workers:drain", """{"name": "*", "grace": "-5s"}""", 400, "grace is negative")]
    [InlineData("workers:drain", """{"worker": "w1"}""", 400, "the body is no DrainWorkersRequest")]
    [InlineData("workers:drain", "nonsense", 400, "the body is no DrainWorkersRequest")]
    [InlineData("operations:cancel", "{}", 400, "say what to cancel")]
    [InlineData("operations:cancel", """{"names": ["operations/6f9c2a4e-0000-4000-8000-000000000000"]}""", 404, "there is no operation")]
    public async Task A_change_that_makes_no_sense_is_told_so(string path, string body, int status, string message)
    {
        server = await SteeredServer.StartAsync();

        (int actual, string answer) = await PostAsync(path, body);

        Assert.Equal(status, actual);
        Assert.Contains(message, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_web_page_could_send_changes_nothing()
    {
        server = await SteeredServer.StartAsync();
        await server.ConnectWorkerAsync("w1");

        (int plain, string why) = await PostAsync("workers:drain", """{"name": "*"}""", request => request.Content!.Headers.ContentType = new MediaTypeHeaderValue("text/plain"));
        Assert.Equal(400, plain);
        Assert.Contains("application/json", why, StringComparison.Ordinal);
        (int rebound, why) = await PostAsync("workers:drain", """{"name": "*"}""", request => request.Headers.Host = "page.example:8981");
        Assert.Equal(403, rebound);
        Assert.Contains("not as 'page.example:8981'", why, StringComparison.Ordinal);
        (int forwarded, why) = await PostAsync("workers:drain", """{"name": "*"}""", request => request.Headers.Add("X-Forwarded-For", "192.0.2.1"));
        Assert.Equal(403, forwarded);
        Assert.Contains("operators.tokenFile", why, StringComparison.Ordinal);

        Assert.Empty((await server.JsonAsync("workers")).GetProperty("drained").EnumerateArray());
        Assert.Equal(200, (await PostAsync("workers:drain", """{"name": "*"}""", request => request.Headers.Host = "localhost")).Status);
        Assert.Equal("*", Assert.Single((await server.JsonAsync("workers")).GetProperty("drained").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task From_other_machines_one_may_look_and_change_nothing_without_a_token()
    {
        server = await SteeredServer.StartAsync("insecure=true", "listeners.grpc=0.0.0.0:0", "listeners.http=0.0.0.0:0");
        string address = OwnAddress();

        (int status, string why) = await PostAsync("workers:drain", """{"name": "*"}""", host: address);
        Assert.Equal(403, status);
        Assert.Contains("set operators.tokenFile on it and send a token", why, StringComparison.Ordinal);
        OperatorCallException refusal = await Assert.ThrowsAsync<OperatorCallException>(() => CallAsync(address, token: null, scheduler => scheduler.DrainWorkersAsync(new DrainWorkersRequest { Name = "*" }, Token)));
        Assert.Equal(OperatorCallFailure.NotAllowed, refusal.Reason);
        Assert.Equal(OperatorCallFailure.NotAllowed, (await Assert.ThrowsAsync<OperatorCallException>(
            () => CallAsync(address, token: null, scheduler => scheduler.CancelOperationsAsync(new CancelOperationsRequest { Invocation = "x" }, Token)))).Reason);

        Assert.Empty((await CallAsync(address, token: null, scheduler => scheduler.ListWorkersAsync(new ListWorkersRequest(), Token))).Workers);
        Assert.Equal(200, (await server.SendAsync(new HttpRequestMessage(HttpMethod.Get, Url("queue", address)))).Status);
    }

    [Fact]
    public async Task A_token_opens_changes_to_other_machines_and_a_wrong_one_is_none_anywhere()
    {
        server = await SteeredServer.StartAsync("insecure=true", "listeners.grpc=0.0.0.0:0", "listeners.http=0.0.0.0:0", $"operators.tokenFile={TokenFile()}");
        await server.ConnectWorkerAsync("w1");
        string address = OwnAddress();
        Task<DrainWorkersResponse> DrainAsync(string host, string? token) => CallAsync(host, token, scheduler => scheduler.DrainWorkersAsync(new DrainWorkersRequest { Name = "w1" }, Token));

        Assert.Equal(1, (await DrainAsync(address, Secret)).Workers);
        Assert.Equal(1, (await DrainAsync("127.0.0.1", token: null)).Workers);
        Assert.Equal(200, (await PostAsync("workers:drain", """{"name": "w1"}""", request => Authorize(request, Secret), address)).Status);
        Assert.Equal(200, (await PostAsync("workers:drain", """{"name": "w1"}""", request => (request.Headers.Host, request.Headers.Authorization) = ("build-server", new("Bearer", Secret)), address)).Status);

        foreach (string host in new[] { address, "127.0.0.1" })
        {
            Assert.Contains("none of those", (await Assert.ThrowsAsync<OperatorCallException>(() => DrainAsync(host, "wrong" + Secret))).Message, StringComparison.Ordinal);
            Assert.Equal(401, (await PostAsync("workers:drain", """{"name": "w1"}""", request => Authorize(request, Secret[..^1]), host)).Status);
        }

        Assert.Equal(401, (await PostAsync("workers:drain", """{"name": "w1"}""", host: address)).Status);
        Assert.Contains("needs a token", (await Assert.ThrowsAsync<OperatorCallException>(() => DrainAsync(address, token: null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_may_have_the_name_of_the_API()
    {
        server = await SteeredServer.StartAsync();
        TestBlob blob = TestBlob.Random(1, 100);
        Uri url = Url($"cas/{blob.Digest.Hash}");

        Assert.Equal(201, (await server.SendAsync(new HttpRequestMessage(HttpMethod.Put, url) { Content = new ByteArrayContent(blob.Content) })).Status);
        Assert.Equal(200, (await server.SendAsync(new HttpRequestMessage(HttpMethod.Get, url))).Status);
    }

    [Fact]
    public async Task A_server_that_executes_nothing_has_no_operator_service()
    {
        server = await SteeredServer.StartAsync("execution.enabled=false");

        Assert.Equal(404, (await server.SendAsync(new HttpRequestMessage(HttpMethod.Get, Url("queue")))).Status);
        Assert.Equal(OperatorCallFailure.NotOffered, (await Assert.ThrowsAsync<OperatorCallException>(
            () => CallAsync("127.0.0.1", token: null, scheduler => scheduler.ListQueuesAsync(new ListQueuesRequest(), Token)))).Reason);
    }

    private static void Authorize(HttpRequestMessage request, string token) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

    private static string TokenFile()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "operator-tokens");
        File.WriteAllText(path, $"# of the team\n{Secret}\n");
        return path;
    }

    // Who calls this machine by one of its own addresses comes from there, and not from loopback.
    private static string OwnAddress()
    {
        IPAddress? address = NetworkInterface.GetAllNetworkInterfaces().Where(card => card.OperationalStatus == OperationalStatus.Up)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(entry => entry.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Assert.SkipWhen(address is null, "this machine has no address but that of loopback");
        return address.ToString();
    }

    private Uri Url(string path, string host = "127.0.0.1") => new($"http://{host}:{IPEndPoint.Parse(server.HttpAddress).Port}/api/v1/{path}");

    private Task<(int Status, string Body)> PostAsync(string path, string body, Action<HttpRequestMessage>? change = null, string host = "127.0.0.1")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Url(path, host)) { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };
        change?.Invoke(request);
        return server.SendAsync(request);
    }

    private async Task<T> CallAsync<T>(string host, string? token, Func<IOperator, Task<T>> call)
    {
        var options = new RpcChannelOptions { Authorization = token is null ? null : () => $"Bearer {token}" };
        await using var channel = new RpcChannel(RpcAddress.Parse($"{host}:{IPEndPoint.Parse(server.GrpcAddress).Port}"), options);
        return await call(new OperatorClient(channel, TimeSpan.FromSeconds(30)));
    }
}
