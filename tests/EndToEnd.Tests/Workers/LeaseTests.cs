using System.Security.Cryptography.X509Certificates;
using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>A real server that tells callers apart, and real workers, which may do what their leases cover; and credentials of workers that end, and are renewed.</summary>
public sealed class LeaseTests : IDisposable
{
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";
    private readonly TemporaryDirectory data = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Actions_of_several_instances_run_on_a_worker_that_reaches_no_blob_by_itself()
    {
        string worker = await CreateAsync("worker"), developer = await CreateAsync("developer");
        await using ServerProcess server = await StartServerAsync();
        await using ChildProcess process = StartWorker(server, slots: 4);
        await using RpcChannel clients = Connect(server.GrpcAddress, developer), workers = Connect(server.WorkerAddress, worker);
        string[] instances = ["a", "b", "a/below", ""];

        // Many at a time, with inputs that they have in common and outputs, so that calls could be merged.
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async number =>
        {
            string instance = instances[number % instances.Length];
            Reapi.ExecuteResponse response = await ExecuteAsync(clients, instance, $"cat in > out; echo {number} >> out; echo said {number}", "shared input\n");
            Assert.True(response.Status?.Code is null or 0, $"{instance}: {response.Status}");
            Assert.Equal($"shared input\n{number}\n", await ReadAsync(clients, instance, response.Result.OutputFiles.Single().Digest));
        }));

        RpcException read = await Assert.ThrowsAsync<RpcException>(() => workers.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
            Cas + "BatchReadBlobs", new Reapi.BatchReadBlobsRequest { InstanceName = "a", Digests = { TestBlob.Random(1, 10).Digest.ToProto() } }, Token));
        Assert.Equal(StatusCode.PermissionDenied, read.Code);
        Assert.StartsWith("worker-of-a-test (token) lacks the right read-cas in any instance", read.Status.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("rxl1_", server.Output + process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_an_action_is_written_by_its_lease()
    {
        await CreateAsync("worker");
        string developer = await CreateAsync("developer");
        await using ServerProcess server = await StartServerAsync();
        await using ChildProcess process = StartWorker(server, slots: 1);
        await using RpcChannel clients = Connect(server.GrpcAddress, developer);
        await using var gate = new Gate();
        TestBlob action = await UploadAsync(clients, "a", $"echo first; {gate.Command}; echo last", "");
        await using IAsyncEnumerator<Operation> states = StatesOf(clients, "a", action).GetAsyncEnumerator(Token);
        await states.MoveNextAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("authorization", $"Bearer {developer}");

        using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://{server.HttpAddress}/api/v1/operations/{states.Current.Name}/stdout"), HttpCompletionOption.ResponseHeadersRead, Token);
        using var log = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(Token));

        Assert.Equal("first", await log.ReadLineAsync(Token)); // the action waits for the gate
        gate.Open();
        Assert.Equal("last\n", await log.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task A_lease_opens_its_instance_until_soon_after_it_is_over()
    {
        string worker = await CreateAsync("worker"), developer = await CreateAsync("developer");
        await using ServerProcess server = await StartServerAsync("--set", "auth.leases.lifetime=5s", "--set", "execution.leaseDuration=5s");
        await using RpcChannel clients = Connect(server.GrpcAddress, developer), workers = Connect(server.WorkerAddress, token: null);
        var hand = new HandWorker(workers, $"Bearer {worker}", "hand");
        Task<SynchronizeResponse> waiting = hand.WaitForActionAsync(Token);
        TestBlob action = await UploadAsync(clients, "a", "true", "", HandWorker.PlatformOf("hand"));
        await UploadAsync(clients, "b", "true", "", HandWorker.PlatformOf("hand"));
        Task<Reapi.ExecuteResponse> executing = ResultOf(clients, "a", action);
        SynchronizeResponse.Types.Execute given = (await waiting).Execute;
        var lease = new RpcCallOptions { Headers = new RpcMetadata { { "authorization", $"Bearer {given.LeaseToken}" } } };

        Assert.Equal(action.Content, (await ReadByLeaseAsync("a")).Responses.Single().Data.ToByteArray());
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => ReadByLeaseAsync("b"))).Code);
        RpcException post = await Assert.ThrowsAsync<RpcException>(() => workers.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
            "/remoteexec.worker.v1.WorkerQueue/Synchronize", new SynchronizeRequest { SlotId = "forged", Idle = new SynchronizeRequest.Types.Idle() }, Token, lease));
        Assert.Equal((StatusCode.PermissionDenied, true), (post.Code, post.Status.Message.Contains("lacks the right work", StringComparison.Ordinal)));

        // As long as the slot posts that it executes, it gets new ones.
        string latest = given.LeaseToken;
        for (int i = 0; i < 3; i++)
        {
            SynchronizeResponse answer = await hand.PostAsync(request => request.Executing = new SynchronizeRequest.Types.Executing { LeaseId = given.LeaseId }, Token);
            Assert.NotEqual(latest, latest = answer.Execute.LeaseToken);
        }

        lease = new RpcCallOptions { Headers = new RpcMetadata { { "authorization", $"Bearer {latest}" } } };
        Assert.NotEmpty((await ReadByLeaseAsync("a")).Responses);
        await hand.CompleteAsync(given.LeaseId, Token);
        await executing;

        RpcException? ended = null;
        while (ended is null)
        {
            try
            {
                await ReadByLeaseAsync("a");
                await Task.Delay(100, Token);
            }
            catch (RpcException exception)
            {
                ended = exception;
            }
        }

        Assert.Equal((StatusCode.Unauthenticated, true), (ended.Code, ended.Status.Message.Contains("the lease token has expired", StringComparison.Ordinal)));

        Task<Reapi.BatchReadBlobsResponse> ReadByLeaseAsync(string instance) => workers.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
            Cas + "BatchReadBlobs", new Reapi.BatchReadBlobsRequest { InstanceName = instance, Digests = { action.Digest.ToProto() } }, Token, lease);
    }

    [Fact]
    public async Task An_action_may_run_longer_than_a_lease_token_is_good()
    {
        await CreateAsync("worker");
        string developer = await CreateAsync("developer");
        await using ServerProcess server = await StartServerAsync("--set", "auth.leases.lifetime=10s", "--set", "execution.leaseDuration=10s");
        await using ChildProcess process = StartWorker(server, slots: 1);
        await using RpcChannel clients = Connect(server.GrpcAddress, developer);

        Reapi.ExecuteResponse response = await ExecuteAsync(clients, "a", "sleep 25; cat in > out", "shared input\n"); // the first token is good for less than half of that

        Assert.True(response.Status?.Code is null or 0, $"{response.Status}");
        Assert.Equal("shared input\n", await ReadAsync(clients, "a", response.Result.OutputFiles.Single().Digest));
    }

    [Fact]
    public async Task A_token_that_ends_while_an_action_runs_is_exchanged_without_losing_the_action()
    {
        await CreateAsync("worker");
        string developer = await CreateAsync("developer");
        await using ServerProcess server = await StartServerAsync();
        await using ChildProcess process = StartWorker(server, slots: 1);
        await using RpcChannel clients = Connect(server.GrpcAddress, developer);
        await using var gate = new Gate();
        Task<Reapi.ExecuteResponse> executing = ExecuteAsync(clients, "a", $"{gate.Command}; cat in > out", "shared input\n");
        await gate.WaitForAsync(1);

        string tokens = await File.ReadAllTextAsync(data["tokens"], Token);
        await File.WriteAllTextAsync(data["tokens"], tokens.Replace("\"role\":\"worker\"", "\"role\":\"worker\",\"expires\":\"2026-01-01T00:00:00+00:00\"", StringComparison.Ordinal), Token); // as if it had been made so, and that were now
        await process.WaitForOutputAsync(output => output.Contains("the scheduler refuses what this worker posts", StringComparison.Ordinal), "a word that the token has ended");
        Assert.Contains("give the worker --token-file", process.Output, StringComparison.Ordinal);
        Assert.Contains("has expired: have another one made", process.Output, StringComparison.Ordinal);
        await CreateAsync("worker");
        await process.WaitForOutputAsync(output => output.Contains("the scheduler is reached again", StringComparison.Ordinal), "a word that the token is good");
        gate.Open();

        Reapi.ExecuteResponse response = await executing;
        Assert.True(response.Status?.Code is null or 0, $"{response.Status}");
        Assert.Equal("shared input\n", await ReadAsync(clients, "a", response.Result.OutputFiles.Single().Digest));
        Assert.Single(await gate.WaitForAsync(1)); // it ran once
    }

    [Fact]
    public async Task A_certificate_that_ends_is_exchanged_without_a_restart()
    {
        using X509Certificate2 root = TestCertificates.IssueAuthority("root"), leaf = TestCertificates.Issue("localhost", root);
        TestCertificates.Write(leaf, data["server.pem"], data["server.key"]);
        await File.WriteAllTextAsync(data["root.pem"], root.ExportCertificatePem(), Token);
        WriteCertificate(TimeSpan.FromDays(1));
        await using ServerProcess server = await StartServerAsync("--set", $"listeners.tls={{ certificate: {data["server.pem"]}, key: {data["server.key"]} }}", "--set", $"listeners.workerAuth.clientCa={data["root.pem"]}", "--verbose");
        string address = $"grpcs://localhost:{server.WorkerAddress.Split(':')[1]}";
        await using ChildProcess process = ChildProcess.Start(
            ServerProcess.Program,
            ["worker", "--server", address, "--ca", data["root.pem"], "--cert", data["worker.pem"], "--key", data["worker.key"], "--data", data["worker"], "--slots", "1", "--name", "certified"]);
        await server.WaitForOutputAsync(output => output.Contains("Worker 'certified' has joined", StringComparison.Ordinal), "the worker");

        WriteCertificate(TimeSpan.FromHours(-1));
        await process.WaitForOutputAsync(output => output.Contains("the scheduler refuses what this worker posts", StringComparison.Ordinal), "a word that the certificate has ended");
        Assert.Contains("the worker's certificate is not good here: it has expired", process.Output, StringComparison.Ordinal);
        WriteCertificate(TimeSpan.FromDays(1));

        await process.WaitForOutputAsync(output => output.Contains("the scheduler is reached again", StringComparison.Ordinal), "a word that the certificate is good");

        void WriteCertificate(TimeSpan lifetime)
        {
            using X509Certificate2 certificate = TestCertificates.Issue("worker", root, TestCertificates.ForClients, TimeProvider.System.GetUtcNow() + lifetime);
            TestCertificates.Write(certificate, data["worker.pem"], data["worker.key"]);
        }
    }

    private Task<ServerProcess> StartServerAsync(params string[] flags)
    {
        if (!File.Exists(data["tokens"]))
            File.WriteAllText(data["tokens"], "# none yet\n");
        return ServerProcess.StartAsync(["--workers", "0", "--worker-listen", "127.0.0.1:0", "--set", $"auth.tokens.file={data["tokens"]}", .. flags]);
    }

    private ChildProcess StartWorker(ServerProcess server, int slots) => ChildProcess.Start(
        ServerProcess.Program, ["worker", "--server", server.WorkerAddress, "--slots", $"{slots}", "--data", data["worker-data"], "--token-file", data["worker"]]);

    private async Task<string> CreateAsync(string role, params string[] flags)
    {
        await using ChildProcess create = ChildProcess.Start("bash", ["-c", $"{ServerProcess.Program} token create {role}-of-a-test --role {role} {string.Join(' ', flags)} --tokens {data["tokens"]} 2>/dev/null > {data[role]}.new && mv {data[role]}.new {data[role]}"]);
        Assert.Equal(0, await create.WaitForExitAsync());
        return (await File.ReadAllTextAsync(data[role], Token)).Trim();
    }

    private static RpcChannel Connect(string address, string? token) =>
        new(RpcAddress.Parse(address), new RpcChannelOptions { Authorization = token is null ? null : () => $"Bearer {token}" });

    private static async Task<Reapi.ExecuteResponse> ExecuteAsync(RpcChannel channel, string instance, string script, string input) =>
        await ResultOf(channel, instance, await UploadAsync(channel, instance, script, input));

    private static async Task<TestBlob> UploadAsync(RpcChannel channel, string instance, string script, string input, Reapi.Platform? platform = null)
    {
        TestBlob file = TestBlob.Of(System.Text.Encoding.UTF8.GetBytes(input));
        TestBlob root = TestBlob.Of(new Reapi.Directory { Files = { new Reapi.FileNode { Name = "in", Digest = file.Digest.ToProto() } } }.ToByteArray());
        TestBlob command = TestBlob.Of(new Reapi.Command { Arguments = { "/bin/sh", "-c", script }, OutputPaths = { "out" } }.ToByteArray());
        TestBlob action = TestBlob.Of(new Reapi.Action { CommandDigest = command.Digest.ToProto(), InputRootDigest = root.Digest.ToProto(), DoNotCache = true, Platform = platform }.ToByteArray());
        var upload = new Reapi.BatchUpdateBlobsRequest { InstanceName = instance };
        foreach (TestBlob blob in (TestBlob[])[file, root, command, action])
            upload.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) });
        await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(Cas + "BatchUpdateBlobs", upload, Token);
        return action;
    }

    private static IAsyncEnumerable<Operation> StatesOf(RpcChannel channel, string instance, TestBlob action) => channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
        "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { InstanceName = instance, ActionDigest = action.Digest.ToProto() }, Token);

    private static async Task<Reapi.ExecuteResponse> ResultOf(RpcChannel channel, string instance, TestBlob action) =>
        (await StatesOf(channel, instance, action).LastAsync(Token)).Response.Unpack<Reapi.ExecuteResponse>();

    private static async Task<string> ReadAsync(RpcChannel channel, string instance, Reapi.Digest digest)
    {
        Reapi.BatchReadBlobsResponse answer = await channel.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
            Cas + "BatchReadBlobs", new Reapi.BatchReadBlobsRequest { InstanceName = instance, Digests = { digest } }, Token);
        return answer.Responses.Single().Data.ToStringUtf8();
    }
}
