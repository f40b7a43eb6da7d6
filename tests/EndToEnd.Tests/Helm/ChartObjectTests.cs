using System.Text.Json.Nodes;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>What the chart makes are objects that Kubernetes takes, whatever it is told.</summary>
public sealed class ChartObjectTests(Chart chart)
{
    private const string Dev = "mode=cluster,redis.dev=true,pools.default.slots=2";

    /// <summary>Values file (or none) and settings.</summary>
    public static TheoryData<string?, string> Matrix { get; } = new()
    {
        { null, "" },
        { null, "execution.enabled=false" },
        { null, "fullnameOverride=cache,serviceAccount.create=false,networkPolicy.enabled=false,podDisruptionBudget=false" },
        { null, "s3.bucket=b,s3.existingSecret=keys" },
        { null, "s3.dev=true,pools.default.security=restricted" },
        { null, "tls.enabled=true,tls.existingSecret=tls,monitoring.serviceMonitor=true,pools.default.autoscaling.type=keda" },
        { null, "workerAuth.existingSecret=" },
        { null, Dev },
        { null, $"{Dev},s3.dev=true,storage.shards=4,storage.mirrors=1,storage.states.3=joining" },
        { null, $"{Dev},storage.mirrors=3,storage.zones={{x,y,z}},execution.enabled=false" },
        { null, $"{Dev},pools.default.autoscaling.type=hpa,pools.default.scratchClass=fast,pools.default.security=userNamespace,pools.default.procMount=Unmasked" },
        { null, $"{Dev},pools.default.security=privileged,pools.default.tier=namespaces,pools.other.image=x:1,pools.other.podAnnotations.a=b" },
        { "small", "" },
        { "team", "" },
        { "large", "" },
        { "team", "execution.enabled=false" },
        { "team", "tls.certManager.enabled=false,tls.existingSecret=front,tls.servers.existingSecret=servers,tls.servers.tokenSecret=token,monitoring.serviceMonitor=true" },
        { null, $"{Dev},tls.servers.enabled=true,tls.servers.existingSecret=servers,tls.servers.tokenSecret=,monitoring.serviceMonitor=true" },
        { null, "tls.servers.enabled=true,ingress.enabled=true,ingress.grpc.host=grpc.example.com,ingress.http.host=www.example.com,ingress.annotations.a=b,ingress.grpc.annotations.c=d" },
        { "team", "ingress.enabled=true,ingress.className=nginx,ingress.grpc.host=grpc.example.com,ingress.grpc.tlsSecret=t" },
        { "large", "tls.enabled=false,tls.servers.enabled=false,extraSecrets[0]=a.b,extraEnv[0].name=X,extraEnv[0].value=y,pod.annotations.a=b,image.pullSecrets[0]=p,pod.priorityClassName=high" },
    };

    [Fact]
    public async Task Helm_has_no_complaint()
    {
        foreach (string size in new[] { "small", "team", "large" })
        {
            (int exitCode, string output, string errors) = await chart.HelmAsync(["lint", "--strict", Chart.Directory, "--values", Chart.ValuesOf(size), .. Chart.Common.SelectMany(setting => new[] { "--set", setting })]);

            Assert.True(exitCode == 0, output + errors);
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Every_object_is_what_its_kind_is(string? size, string settings)
    {
        string yaml = await chart.TemplateAsync(size is null ? null : Chart.ValuesOf(size), settings.Length == 0 ? [] : [settings]);

        (IReadOnlyList<JsonNode> objects, IReadOnlyList<string> problems) = await chart.ObjectsAsync(yaml);

        Assert.Empty(problems);
        Assert.NotEmpty(objects);
        Assert.Equal(objects.Count, objects.Select(item => $"{item["kind"]} {item["metadata"]!["name"]}").Distinct().Count());
    }

    [Theory]
    [InlineData("  replicas: 2", "  replicas: two", "Deployment")]
    [InlineData("kind: Service\n", "kind: Servant\n", "Servant")]
    [InlineData("  maxUnavailable: 1", "  maxUnavailable: [ 1 ]", "PodDisruptionBudget")]
    [InlineData("  minReplicaCount: 4", "  minReplicaCount: four", "ScaledObject")]
    [InlineData("  minReplicaCount: 4", "  minReplicasCount: 4", "ScaledObject")]
    [InlineData("  terminationGracePeriodSeconds: ", "  terminationGraceSeconds: ", "Deployment")]
    [InlineData("      interval: 30s", "      interval: { s: 30 }", "ServiceMonitor")]
    public async Task What_is_wrong_would_be_found(string right, string wrong, string found)
    {
        string yaml = await chart.TemplateAsync(Chart.ValuesOf(right.Contains("replicas", StringComparison.Ordinal) ? "team" : "large"));
        Assert.Contains(right, yaml, StringComparison.Ordinal);

        (IReadOnlyList<JsonNode> _, IReadOnlyList<string> problems) = await chart.ObjectsAsync(yaml.Replace(right, wrong, StringComparison.Ordinal));

        Assert.Contains(problems, problem => problem.Contains(found, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Chart.Sizes), MemberType = typeof(Chart))]
    public async Task The_documented_values_make_what_is_written_down(string size)
    {
        string yaml = await chart.TemplateAsync(Chart.ValuesOf(size), "monitoring.dashboard=false", "monitoring.rules=false");

        string golden = Repository.Path("tests", "EndToEnd.Tests", "Helm", "Golden", $"{size}.yaml");
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_WRITE_DOCS") == "1")
            File.WriteAllText(golden, yaml);
        Assert.True(File.Exists(golden) && File.ReadAllText(golden) == yaml, $"what values-{size}.yaml makes has changed: look at it, and run ./dev docs");
    }

    [Fact]
    public async Task Dashboard_and_alerts_are_those_of_deploy()
    {
        IReadOnlyList<JsonNode> objects = await chart.RenderAsync(Chart.ValuesOf("team"));

        JsonNode dashboard = objects.Single(item => (string)item["metadata"]!["name"]! == "remoteexec-dashboard");
        Assert.Equal(File.ReadAllText(Repository.Path("deploy", "grafana", "remoteexec.json")).TrimEnd(), ((string)dashboard["data"]!["remoteexec.json"]!).TrimEnd());
        JsonNode rules = objects.Single(item => (string)item["kind"]! == "PrometheusRule")["spec"]!;
        (IReadOnlyList<JsonNode> original, _) = await chart.ObjectsAsync(File.ReadAllText(Repository.Path("deploy", "prometheus", "remoteexec.rules.yaml")));
        Assert.True(JsonNode.DeepEquals(original[0], rules), rules.ToJsonString());
    }

    [Theory]
    [InlineData("mode=double", "mode")]
    [InlineData("storage.shards=none", "storage.shards")]
    [InlineData("storage.shard=3", "shard")]
    [InlineData("single.size=100GiB", "single.size")]
    [InlineData("pools.a.slots=0", "pools.a")]
    [InlineData("pools.A_B.slots=1", "A_B")]
    [InlineData("redis.endpoints={redis}", "redis.endpoints")]
    [InlineData("shutdown.serverGraceSeconds=5", "shutdown.serverGraceSeconds")]
    [InlineData("image.repository=", "image.repository is missing")]
    [InlineData("mode=cluster", "redis.endpoints is missing")]
    [InlineData("mode=cluster,redis.endpoints={r:1}", "redis.schedulerEndpoints is missing")]
    [InlineData("tls.enabled=true", "tls.existingSecret is missing")]
    [InlineData("mode=cluster,redis.dev=true,tls.servers.enabled=true", "tls.servers.existingSecret is missing")]
    [InlineData("mode=cluster,redis.dev=true,tls.servers.enabled=true,tls.servers.existingSecret=s,config.auth.anonymous=reader", "put it into front.config")]
    [InlineData("ingress.enabled=true", "ingress.grpc.host or ingress.http.host is missing")]
    [InlineData("ingress.enabled=true,ingress.grpc.host=a.b,ingress.http.host=a.b", "ingress.grpc.host and ingress.http.host are the same")]
    [InlineData("ingress.grpc.host=https://a.b", "ingress.grpc.host")]
    [InlineData("mode=cluster,redis.dev=true,storage.zones={a}", "storage.zones names 1 zones for 2 mirrors")]
    [InlineData("pools.a.tier=cached-trees", "the sandbox cached-trees does not work with security: root")]
    [InlineData("pools.a.procMount=Unmasked", "procMount takes security: userNamespace")]
    public async Task A_wrong_value_is_refused_by_name(string setting, string said) =>
        Assert.Contains(said, await chart.RefusalAsync(null, setting), StringComparison.Ordinal);
}
