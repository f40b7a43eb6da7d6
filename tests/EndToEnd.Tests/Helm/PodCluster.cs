using System.Text;
using System.Text.Json.Nodes;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>
/// A cluster as the chart makes it: each of its pods a process on this machine, at an address of its own on loopback, that knows the others by the names which its Services give them. Certificates
/// have the names that the chart asks cert-manager for, and no others; Redis is a real one. Takes root, for the pods' mounts.
/// </summary>
internal sealed class PodCluster : IAsyncDisposable
{
    private const string Namespace = "builds";
    private readonly TemporaryDirectory files = new();
    private readonly Dictionary<string, IReadOnlyDictionary<string, byte[]>> maps = [];
    private readonly string network = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}.");
    private readonly List<Pod> pods = [];
    private FaultyLink? service;
    private int turn;

    private PodCluster()
    {
    }

    /// <summary>All pods, in the order in which they are started.</summary>
    public IReadOnlyList<Pod> Pods => pods;

    /// <summary>The Redis of results.</summary>
    public RedisServer Results { get; private set; } = null!;

    /// <summary>Where clients reach a front end that is ready: the Service, as <c>host:port</c>.</summary>
    public string Address => service!.Address.ToString();

    /// <summary>The authority that signed all certificates.</summary>
    public string AuthorityFile => files["ca.pem"];

    private RedisServer Schedulers { get; set; } = null!;

    /// <summary>Starts it.</summary>
    /// <param name="chart">The chart.</param>
    /// <param name="tokens">A file of tokens, of which the Secret <c>remoteexec-auth</c> is made; null for none.</param>
    /// <param name="settings">Values of the chart.</param>
    public static async Task<PodCluster> StartAsync(Chart chart, string? tokens, params string[] settings)
    {
        Requires.Program("openssl", "openssl");
        await using (ChildProcess probe = ChildProcess.Start("unshare", ["--mount", "true"]))
            Requires.True(await probe.WaitForExitAsync() == 0, "pods can't be made here: their mounts take root");
        var cluster = new PodCluster();
        try
        {
            cluster.Results = await RedisServer.StartAsync();
            cluster.Schedulers = await RedisServer.StartAsync();
            await cluster.MakeAsync(await chart.RenderAsync(
                null,
                ["mode=cluster", "tls.certManager.enabled=true", "tls.certManager.issuerRef.name=test", $"redis.endpoints={{{cluster.Results.Endpoint}}}", $"redis.schedulerEndpoints={{{cluster.Schedulers.Endpoint}}}",
                    "tls.servers.tokenSecret=", "storage.maxBytes=1GiB", "front.ownResults=64MiB", "pools.default.security=restricted", .. settings]), tokens);
            foreach (IGrouping<string, Pod> kind in cluster.pods.GroupBy(pod => pod.Component))
                await Task.WhenAll(kind.Select(pod => pod.StartAsync()));
            cluster.service = FaultyLink.Start(cluster.NextFront);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The pods of a kind.</summary>
    public IReadOnlyList<Pod> Of(string component) => [.. pods.Where(pod => pod.Component == component)];

    /// <summary>A file of a Secret.</summary>
    public string SecretOf(string secret, string file) => Encoding.UTF8.GetString(maps[secret][file]).Trim();

    /// <summary>A way to a pod over TLS.</summary>
    /// <param name="address">The address, with the port.</param>
    /// <param name="name">The name that its certificate is to be good for.</param>
    /// <param name="token">What to show; null for nothing.</param>
    public RpcChannel Connect(string address, string name, string? token) => new(
        RpcAddress.Parse($"grpcs://{address}"), new RpcChannelOptions { Ssl = RpcTrust.InPemFile(AuthorityFile), ServerName = name, Authorization = token is null ? null : () => $"Bearer {token}" });

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
            await service.DisposeAsync();
        foreach (Pod pod in pods)
            await pod.DisposeAsync();
        foreach (RedisServer? redis in new[] { Results, Schedulers })
        {
            if (redis is not null)
                await redis.DisposeAsync();
        }

        files.Dispose();
    }

    private string NextFront()
    {
        Pod[] ready = [.. Of("front").Where(pod => pod.IsReady)];
        return ready.Length == 0 ? $"{network}254:1" : $"{ready[(Interlocked.Increment(ref turn) & int.MaxValue) % ready.Length].Address}:8980";
    }

    private async Task MakeAsync(IReadOnlyList<JsonNode> objects, string? tokens)
    {
        byte[] token = "a-token-of-workers-of-a-test"u8.ToArray();
        maps["remoteexec-workers"] = new Dictionary<string, byte[]> { ["token"] = token, ["tokens"] = token, ["leases"] = "a-key-of-leases-of-a-test-of-this-chart-0001"u8.ToArray() };
        if (tokens is not null)
            maps["remoteexec-auth"] = new Dictionary<string, byte[]> { ["tokens"] = await File.ReadAllBytesAsync(tokens, TestContext.Current.CancellationToken) };
        await OpensslAsync("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=authority' -keyout ca.key -out ca.pem");
        foreach (JsonNode item in objects)
        {
            string name = (string)item["metadata"]!["name"]!;
            if ((string)item["kind"]! == "ConfigMap")
                maps[name] = item["data"]!.AsObject().ToDictionary(file => file.Key, file => Encoding.UTF8.GetBytes((string)file.Value!));
            else if ((string)item["kind"]! == "Secret")
                maps[name] = item["data"]!.AsObject().ToDictionary(file => file.Key, file => Convert.FromBase64String((string)file.Value!));
            else if ((string)item["kind"]! == "Certificate")
                maps[(string)item["spec"]!["secretName"]!] = await IssueAsync([.. item["spec"]!["dnsNames"]!.AsArray().Select(dns => (string)dns!)]);
        }

        string hosts = files["hosts"];
        var names = new StringBuilder("127.0.0.1 localhost\n");
        JsonNode[] services = [.. objects.Where(item => (string)item["kind"]! == "Service")];
        string[] order = ["storage", "scheduler", "front", "worker"];
        foreach ((string component, JsonNode workload) in objects.Where(item => (string)item["kind"]! is "StatefulSet" or "Deployment")
            .Select(item => ((string)item["metadata"]!["labels"]!["app.kubernetes.io/component"]!, item)).OrderBy(entry => Array.IndexOf(order, entry.Item1)))
        {
            for (int number = 0; number < (int)workload["spec"]!["replicas"]!; number++)
            {
                string name = $"{workload["metadata"]!["name"]}-{number}", address = $"{network}{pods.Count + 1}";
                JsonNode template = workload["spec"]!["template"]!;
                foreach (JsonNode selecting in services.Where(one => one["spec"]!["selector"]!.AsObject().All(label => (string?)template["metadata"]!["labels"]![label.Key] == (string)label.Value!)))
                {
                    string told = (string)selecting["metadata"]!["name"]!;
                    if ((string?)workload["spec"]!["serviceName"] == told)
                        names.Append($"{address} {name}.{told}.{Namespace}.svc\n");
                    names.Append($"{address} {told} {told}.{Namespace} {told}.{Namespace}.svc\n");
                }

                pods.Add(new Pod(name, component, address, template["spec"]!, map => maps[map], Directory.CreateDirectory(files[name]).FullName, hosts));
            }
        }

        await File.WriteAllTextAsync(hosts, names.ToString(), TestContext.Current.CancellationToken);
    }

    private async Task<IReadOnlyDictionary<string, byte[]>> IssueAsync(IReadOnlyList<string> names)
    {
        await OpensslAsync($"""
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=server' -keyout tls.key -out tls.csr
            openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile <(echo 'subjectAltName={string.Join(',', names.Select(name => $"DNS:{name}"))}') -out tls.crt
            """);
        CancellationToken token = TestContext.Current.CancellationToken;
        return new Dictionary<string, byte[]>
        {
            ["tls.crt"] = await File.ReadAllBytesAsync(files["tls.crt"], token),
            ["tls.key"] = await File.ReadAllBytesAsync(files["tls.key"], token),
            ["ca.crt"] = await File.ReadAllBytesAsync(AuthorityFile, token),
        };
    }

    private async Task OpensslAsync(string script)
    {
        await using ChildProcess bash = ChildProcess.Start("bash", ["-euc", script], files.FullPath);
        Assert.True(await bash.WaitForExitAsync() == 0, bash.Output);
    }
}
