using System.Text.Json.Nodes;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>The pods of the chart start the real program with configurations that it takes, and are as little as they can be.</summary>
public sealed class ChartPodTests(Chart chart)
{
    private const string Cluster = "mode=cluster,redis.dev=true,pools.a.slots=1";

    public static TheoryData<string?, string> Installations { get; } = new()
    {
        { null, "s3.dev=true,execution.enabled=false" },
        { null, "mode=cluster,redis.dev=true,storage.mirrors=1,pools.a.autoscaling.type=hpa,execution.enabled=true" },
        { null, "config.cas.chunking=always,front.config.execution.maxTimeout=2h,pools.a.config.worker.sandbox.network=true" },
        { "small", "" },
        { "team", "" },
        { "large", "" },
        { null, $"{Cluster},tls.servers.enabled=true,tls.servers.existingSecret=s" },
        { null, "tls.enabled=true,tls.existingSecret=t,ingress.enabled=true,ingress.grpc.host=grpc.example.com" },
    };

    [Theory]
    [MemberData(nameof(Installations))]
    public async Task The_program_takes_every_configuration(string? size, string settings)
    {
        using var directory = new TemporaryDirectory();
        foreach (Workload workload in await WorkloadsAsync(size, settings))
        {
            File.WriteAllText(directory["config.yaml"], workload.Configuration);

            await using ChildProcess check = ChildProcess.Start(ServerProcess.Program, ["config", "check", directory["config.yaml"]]);

            Assert.True(await check.WaitForExitAsync() == 0, $"{workload.Name}: {check.Output}\n{workload.Configuration}");
        }
    }

    [Fact]
    public async Task Front_ends_that_know_callers_and_schedulers_share_the_key_of_leases()
    {
        const string Cluster = "mode=cluster,redis.dev=true,execution.enabled=true,tls.enabled=true,tls.existingSecret=tls", Key = "keyFile: /etc/remoteexec/worker-tokens/leases";
        using var directory = new TemporaryDirectory();
        foreach (Workload workload in await WorkloadsAsync(null, $"{Cluster},front.config.auth.tokens.file=/etc/remoteexec/secrets/auth/tokens"))
        {
            Assert.Equal(workload.Name is "remoteexec-front" or "remoteexec-scheduler", workload.Configuration.Contains(Key, StringComparison.Ordinal));
            File.WriteAllText(directory["config.yaml"], workload.Configuration);
            await using ChildProcess check = ChildProcess.Start(ServerProcess.Program, ["config", "check", directory["config.yaml"]]);
            Assert.True(await check.WaitForExitAsync() == 0, $"{workload.Name}: {check.Output}\n{workload.Configuration}");
        }

        Assert.DoesNotContain(await WorkloadsAsync(null, Cluster), workload => workload.Configuration.Contains(Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_that_the_program_would_not_take_is_found()
    {
        using var directory = new TemporaryDirectory();
        Workload workload = (await WorkloadsAsync(null, "config.cas.chunking=never")).First();
        File.WriteAllText(directory["config.yaml"], workload.Configuration);

        await using ChildProcess check = ChildProcess.Start(ServerProcess.Program, ["config", "check", directory["config.yaml"]]);

        Assert.Equal(2, await check.WaitForExitAsync());
        Assert.Contains("cas.chunking", check.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("small", "", "remoteexec")]
    [InlineData(null, Cluster, "remoteexec-storage-a")]
    [InlineData(null, Cluster, "remoteexec-front")]
    [InlineData(null, Cluster, "remoteexec-scheduler")]
    public async Task A_server_starts_with_the_arguments_of_its_pod(string? size, string settings, string name)
    {
        using var directory = new TemporaryDirectory();
        Workload workload = (await WorkloadsAsync(size, settings)).Single(workload => workload.Name == name);
        Directory.CreateDirectory(directory["worker-tokens"]);
        File.WriteAllText(directory["worker-tokens", "token"], "a-token-of-this-test");
        File.WriteAllText(directory["worker-tokens", "tokens"], "a-token-of-this-test");
        File.WriteAllText(directory["config.yaml"], workload.Configuration
            .Replace("/etc/remoteexec", directory.FullPath, StringComparison.Ordinal).Replace("/data", directory["data"], StringComparison.Ordinal)
            .Replace("80%", "1GiB", StringComparison.Ordinal)
            .Replace("0.0.0.0:8980", "127.0.0.1:0", StringComparison.Ordinal).Replace("0.0.0.0:8981", "127.0.0.1:0", StringComparison.Ordinal).Replace("0.0.0.0:8982", "127.0.0.1:0", StringComparison.Ordinal));
        string[] arguments = [.. workload.Arguments.Select(argument => argument
            .Replace("/etc/remoteexec/config", directory.FullPath, StringComparison.Ordinal).Replace("$(POD_IP)", "127.0.0.1", StringComparison.Ordinal).Replace("$(POD_NAME)", name, StringComparison.Ordinal))];

        await using ChildProcess server = ChildProcess.Start(ServerProcess.Program, arguments);

        await server.WaitForOutputAsync(output => output.Contains("ready:", StringComparison.Ordinal), "a line that begins with 'ready'");
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [MemberData(nameof(Installations))]
    public async Task A_pod_runs_the_program_and_has_no_more_rights_than_it_needs(string? size, string settings)
    {
        foreach (JsonNode pod in (await chart.RenderAsync(size is null ? null : Chart.ValuesOf(size), settings.Length == 0 ? [] : [settings])).Select(item => item["spec"]?["template"]?["spec"]).OfType<JsonNode>())
        {
            Assert.False((bool)pod["enableServiceLinks"]!); // else a Service's variables look like settings
            Assert.False((bool)pod["automountServiceAccountToken"]!);
            JsonNode container = Assert.Single(pod["containers"]!.AsArray())!, security = container["securityContext"]!;
            Assert.True((bool)security["readOnlyRootFilesystem"]!);
            if ((string)container["name"]! != "remoteexec")
                continue;
            Assert.Null(container["command"]); // the image's entry point is remoteexec
            string command = (string)container["args"]![0]!;
            Assert.Contains(command, (string[])["serve", "worker"]);
            if (command == "worker")
                continue;
            Assert.True((bool)pod["securityContext"]!["runAsNonRoot"]!);
            Assert.False((bool)security["allowPrivilegeEscalation"]!);
            Assert.Equal("ALL", (string)Assert.Single(security["capabilities"]!["drop"]!.AsArray())!);
            Assert.InRange((int)pod["terminationGracePeriodSeconds"]!, 15 + 10 + 5 + 5, 600); // actions, calls, before it is told, and to close
        }
    }

    [Fact]
    public async Task A_worker_has_the_rights_that_its_pool_names()
    {
        foreach ((string security, string[] rights) in ((string, string[])[])[
            ("restricted", []), ("root", ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID", "SYS_CHROOT"]),
            ("userNamespace", ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_ADMIN", "SETGID", "SETUID", "SYS_ADMIN", "SYS_CHROOT"]), ("privileged", [])])
        {
            IReadOnlyList<JsonNode> objects = await chart.RenderAsync(null, $"pools.a.security={security}");

            JsonNode pod = objects.Single(item => (string)item["kind"]! == "Deployment")["spec"]!["template"]!["spec"]!, container = pod["containers"]![0]!["securityContext"]!;
            Assert.Equal(rights, (container["capabilities"]?["add"]?.AsArray() ?? []).Select(right => (string)right!));
            Assert.Equal(security == "privileged", (bool?)container["privileged"] ?? false);
            Assert.Equal(security == "restricted", (bool?)pod["securityContext"]!["runAsNonRoot"] ?? false);
            Assert.Equal(security == "userNamespace" ? false : null, (bool?)pod["hostUsers"]);
        }
    }

    private async Task<IReadOnlyList<Workload>> WorkloadsAsync(string? size, string settings)
    {
        IReadOnlyList<JsonNode> objects = await chart.RenderAsync(size is null ? null : Chart.ValuesOf(size), settings.Length == 0 ? [] : [settings]);
        Dictionary<string, string> configurations = objects.Where(item => item["data"]?["config.yaml"] is not null)
            .ToDictionary(item => (string)item["metadata"]!["name"]!, item => (string)item["data"]!["config.yaml"]!);
        return [.. from item in objects
            let pod = item["spec"]?["template"]?["spec"]
            where pod is not null && (string)pod["containers"]![0]!["name"]! == "remoteexec"
            let volume = pod["volumes"]!.AsArray().Single(volume => (string)volume!["name"]! == "config")!
            select new Workload((string)item["metadata"]!["name"]!, configurations[(string)volume["configMap"]!["name"]!], [.. pod["containers"]![0]!["args"]!.AsArray().Select(argument => (string)argument!)])];
    }

    private sealed record Workload(string Name, string Configuration, IReadOnlyList<string> Arguments);
}
