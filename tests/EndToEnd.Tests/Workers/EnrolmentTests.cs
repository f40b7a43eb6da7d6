namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>The real server and real workers that show a token: a good one, and a bad one that becomes good.</summary>
public sealed class EnrolmentTests : IDisposable
{
    private const string Good = "good-token-0123456789-abcdef", Bad = "bad-token-0123456789-abcdef";
    private readonly TemporaryDirectory data = new();

    public void Dispose() => data.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_is_taken_from_a_file_or_the_environment_and_told_to_nobody(bool fromFile)
    {
        Write("tokens", $"{Good}\n");
        Write("token", Bad);
        await using ServerProcess server = await StartServerAsync();
        await using ChildProcess worker = fromFile
            ? Start(server, ["--token-file", data["token"]])
            : Start(server, [], new Dictionary<string, string?> { ["REMOTEEXEC_WORKER_TOKEN"] = Bad });
        await worker.WaitForOutputAsync(output => output.Contains("the scheduler refuses what this worker posts", StringComparison.Ordinal), "a word that the token is bad");
        Assert.Contains("the worker's token is not good here; give the worker --token-file", worker.Output, StringComparison.Ordinal);

        // The server's file is read again when it changes, and so is the worker's.
        if (fromFile)
            Write("token", Good);
        else
            Write("tokens", $"{Good}\n{Bad}\n");
        await worker.WaitForOutputAsync(output => output.Contains("the scheduler is reached again", StringComparison.Ordinal), "a word that the token is good");

        Assert.DoesNotContain(CommandLines(), line => line.Contains(Good, StringComparison.Ordinal) || line.Contains(Bad, StringComparison.Ordinal));
        await worker.SignalAsync("TERM");
        Assert.Equal(0, await worker.WaitForExitAsync());
        Assert.Equal(0, await server.StopAsync());
        foreach (string output in new[] { worker.Output, server.Output })
        {
            Assert.DoesNotContain(Good, output, StringComparison.Ordinal);
            Assert.DoesNotContain(Bad, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_certificate_will_do_instead()
    {
        Requires.Program("openssl", "openssl");
        await using ChildProcess openssl = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", """
            new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            $new -x509 -subj /CN=root -days 2 -keyout root.key -out root.pem
            for name in server worker; do
              $new -subj /CN=$name -keyout $name.key -out $name.csr
              openssl x509 -req -in $name.csr -CA root.pem -CAkey root.key -CAcreateserial -days 1 -extfile <(echo subjectAltName=IP:127.0.0.1) -out $name.pem
            done
            """], data.FullPath);
        Assert.True(await openssl.WaitForExitAsync() == 0, openssl.Output);
        await using ServerProcess server = await ServerProcess.StartAsync(
            "--workers", "0", "--worker-listen", "127.0.0.1:0", "--verbose",
            "--set", $"listeners.tls={{ certificate: {data["server.pem"]}, key: {data["server.key"]} }}", "--set", $"listeners.workerAuth.clientCa={data["root.pem"]}");
        string[] flags = ["worker", "--server", $"grpcs://{server.WorkerAddress}", "--ca", data["root.pem"], "--data", data["worker"], "--slots", "1"];

        await using (ChildProcess stranger = ChildProcess.Start(ServerProcess.Program, flags))
            await stranger.WaitForOutputAsync(output => output.Contains("give the worker --cert and --key", StringComparison.Ordinal), "a word that a certificate is missing");
        await using ChildProcess worker = ChildProcess.Start(ServerProcess.Program, [.. flags, "--name", "certified", "--cert", data["worker.pem"], "--key", data["worker.key"]]);

        await server.WaitForOutputAsync(output => output.Contains("Worker 'certified' has joined", StringComparison.Ordinal), "the worker");
        await worker.SignalAsync("TERM");
        Assert.Equal(0, await worker.WaitForExitAsync());
    }

    [Fact]
    public async Task A_worker_without_the_token_file_it_is_to_have_does_not_start()
    {
        await using ChildProcess worker = ChildProcess.Start(
            ServerProcess.Program, ["worker", "--server", "127.0.0.1:1", "--data", data["worker"], "--token-file", data["none"]]);

        Assert.Equal(1, await worker.WaitForExitAsync());
        Assert.Equal($"remoteexec: --token-file {data["none"]}: there is no such file\n", worker.Output);
    }

    [Fact]
    public async Task A_server_that_others_can_reach_does_not_start_without_a_way_to_tell_workers_from_strangers()
    {
        await using ChildProcess server = ChildProcess.Start(
            ServerProcess.Program, ["serve", "--data", data["server"], "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--worker-listen", "0.0.0.0:0"]);

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Contains("listeners.workerAuth.tokenFile", Assert.Single(server.Output.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    private Task<ServerProcess> StartServerAsync() => ServerProcess.StartAsync(
        "--workers", "0", "--worker-listen", "127.0.0.1:0", "--set", $"listeners.workerAuth.tokenFile={data["tokens"]}", "--verbose");

    private ChildProcess Start(ServerProcess server, IEnumerable<string> flags, IReadOnlyDictionary<string, string?>? environment = null) => ChildProcess.Start(
        ServerProcess.Program,
        ["worker", "--server", server.WorkerAddress, "--slots", "1", "--data", data["worker"], "--verbose", .. flags],
        environment: environment);

    private void Write(string file, string text) => File.WriteAllText(data[file], text);

    private static List<string> CommandLines()
    {
        List<string> lines = [];
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                lines.Add(File.ReadAllText(Path.Combine(process, "cmdline")));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        Assert.Contains(lines, line => line.Contains("worker\0--server", StringComparison.Ordinal));
        return lines;
    }
}
