using System.Collections;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class ConfigLoaderTests
{
    private static ServerOptions Load(string yaml) => new ConfigLoader().AddText("test.yaml", yaml).Load();

    private static string[] ProblemsOf(string yaml) => ProblemsOf(new ConfigLoader().AddText("test.yaml", yaml));

    private static string[] ProblemsOf(ConfigLoader loader) =>
        [.. Assert.Throws<ConfigException>(loader.Load).Problems.Select(problem => problem.ToString())];

    [Fact]
    public void Nothing_is_a_configuration()
    {
        ServerOptions options = Load("# nothing here\n");

        Assert.Equal(["127.0.0.1:8980"], options.Listeners.Grpc.Select(address => address.ToString()));
        Assert.True(options.ActionCache.Complete);
    }

    [Fact]
    public void Every_kind_of_value_is_read()
    {
        ServerOptions options = Load("""
            data: /srv/data
            insecure: true
            listeners:
              grpc: [ 0.0.0.0:1, "unix:/run/x.sock" ]
              http: []
            stores:
              ssd: { segments: { path: /srv/cas, maxBytes: 400GiB } }
            cas: { store: ssd, maxBlobBytes: 2GiB }
            actionCache:
              store: { memory: { maxBytes: 1GiB } }
              updates: false
            execution: { maxTimeout: 3h, enabled: true }
            worker:
              slots: 3
              platform: { pool: big, cpu: [ a, b ] }
            """);

        Assert.Equal("/srv/data", options.Data);
        Assert.Equal(["0.0.0.0:1", "unix:/run/x.sock"], options.Listeners.Grpc.Select(address => address.ToString()));
        Assert.Empty(options.Listeners.Http);
        Assert.Equal(new SegmentsOptions { Path = "/srv/cas", MaxBytes = StoreSize.Of(ByteSize.GiB(400)) }, options.Stores["ssd"].Options);
        Assert.Equal("ssd", options.Cas.Store?.Name);
        Assert.Equal(ByteSize.GiB(2), options.Cas.MaxBlobBytes);
        Assert.Equal(new MemoryOptions { MaxBytes = ByteSize.GiB(1) }, options.ActionCache.Store?.Options);
        Assert.False(options.ActionCache.Updates);
        Assert.Equal(TimeSpan.FromHours(3), options.Execution.MaxTimeout);
        Assert.True(options.Execution.Enabled);
        Assert.Equal(3, options.Worker.Slots);
        Assert.Equal(["big"], options.Worker.Platform["pool"]);
        Assert.Equal(["a", "b"], options.Worker.Platform["cpu"]);
    }

    [Fact]
    public void Every_problem_is_told_at_once_with_its_place()
    {
        string kinds = string.Join(", ", StoreKinds.All.Keys);

        string[] problems = ProblemsOf("""
            stores:
              ssd: { segments: { path: /srv/cas, maxBytes: 0 } }
              odd: { segment: { path: /x } }
              two: { memory: {}, segments: { path: /x } }
            cas:
              stoer: ssd
              maxBlobBytes: lots
            worker: 7
            """);

        Assert.Equal(
            [
                "test.yaml(2,48): stores.ssd.segments.maxBytes: must be positive",
                $"test.yaml(3,10): stores.odd.segment: unknown kind of store; kinds: {kinds}",
                $"test.yaml(4,8): stores.two: a store is the name of a store, or a map with exactly one key, its kind: {kinds}",
                "test.yaml(6,3): cas.stoer: unknown key; known here: store, maxBlobBytes, chunking",
                "test.yaml(7,17): cas.maxBlobBytes: 'lots' is no size: write a number with KiB, MiB, GiB or TiB, for example 400GiB",
                "test.yaml(8,9): worker: must be a map with keys out of: slots, cores, memory, name, platform, http, scratch, cacheBytes, sandbox, separateUsers, maxOutputBytes, maxOutputFiles, maxDiskBytes, minFreeDisk",
            ],
            problems);
    }

    [Theory]
    [InlineData("cas: [", "test.yaml(2,1): no valid YAML")]
    [InlineData("cas: {}\n---\ncas: {}\n", "more than one YAML document")]
    [InlineData("cas: {}\nCas: {}\n", "stands twice")]
    [InlineData("Cas: {}\n", "unknown key")]
    [InlineData("- a\n", "must be a map")]
    [InlineData("listeners: { grpc: [] }\n", "name at least one address")]
    [InlineData("listeners: { grpc: 127.0.0.1:1, http: 127.0.0.1:1 }\n", "stands in more than one place")]
    [InlineData("listeners: { tls: { certificate: a.pem } }\n", "listeners.tls.key: is missing")]
    [InlineData("execution: { defaultTimeout: 2h, maxTimeout: 1h }\n", "must be at least the default timeout, 2h")]
    [InlineData("stores: { a: { segments: {} } }\n", "stores.a.segments.path: is missing")]
    [InlineData("a: &a [ *a ]\n", "")]
    public void What_can_not_be_used_is_refused(string yaml, string message) =>
        Assert.Contains(ProblemsOf(yaml), problem => problem.Contains(message, StringComparison.Ordinal));

    [Fact]
    public void A_store_that_does_not_exist_is_told_with_those_that_do()
    {
        Assert.Equal(["test.yaml(2,15): cas.store: there is no store 'b'; stores: a"], ProblemsOf("stores: { a: { memory: {} } }\ncas: { store: b }\n"));
    }

    [Fact]
    public void A_store_that_is_made_of_itself_is_found()
    {
        string[] problems = ProblemsOf("stores: { a: b, b: c, c: b }\ncas: { store: a }\n");

        Assert.Equal(
            ["test.yaml(1,20): stores.b: is made of itself: c → b → c", "test.yaml(1,26): stores.c: is made of itself: b → c → b"], problems);
    }

    [Fact]
    public void The_CAS_and_the_action_cache_can_not_be_one_store()
    {
        string[] problems = ProblemsOf("stores: { a: { memory: {} }, b: a }\ncas: { store: a }\nactionCache: { store: b }\n");

        Assert.Equal(["test.yaml(3,23): actionCache.store: is the store of the CAS, or shares one with it: results need one of their own"], problems);
    }

    [Fact]
    public void Blobs_are_not_cut_for_a_store_that_keeps_blobs_only()
    {
        string[] problems = ProblemsOf(new ConfigLoader().AddText("test.yaml", "stores: { far: { remote: { url: \"grpc://x:1\" } } }\ncas: { store: far, chunking: always }\n"));

        Assert.Equal(["test.yaml(2,15): cas.chunking: is always, but the store keeps blobs only, and not of which chunks they are made"], problems);
    }

    [Fact]
    public void The_environment_comes_over_the_file_and_flags_over_the_environment()
    {
        var variables = new Hashtable
        {
            ["REMOTEEXEC_CAS__MAXBLOBBYTES"] = "2GiB",
            ["REMOTEEXEC_EXECUTION__MAXTIMEOUT"] = "2h",
            ["REMOTEEXEC_STORES__SSD__SEGMENTS__MAXBYTES"] = "2GiB",
            ["REMOTEEXEC_DATA"] = "/from/environment",
            ["REMOTEEXEC_LISTENERS__GRPC"] = "[127.0.0.1:2, 127.0.0.1:3]",
        };

        ServerOptions options = new ConfigLoader()
            .AddText("test.yaml", "data: /from/file\ncas: { maxBlobBytes: 1GiB }\nstores: { ssd: { segments: { path: /x, maxBytes: 1GiB } } }\nexecution: { maxTimeout: 1h }\n")
            .AddEnvironment(variables)
            .AddSetting("execution.maxTimeout=3h")
            .AddFlag("--grpc", "listeners.grpc", "[::1]:4")
            .Load();

        Assert.Equal("/from/environment", options.Data);
        Assert.Equal(ByteSize.GiB(2), options.Cas.MaxBlobBytes);
        Assert.Equal(TimeSpan.FromHours(3), options.Execution.MaxTimeout);
        Assert.Equal(["[::1]:4"], options.Listeners.Grpc.Select(address => address.ToString()));
        Assert.Equal(new SegmentsOptions { Path = "/x", MaxBytes = StoreSize.Of(ByteSize.GiB(2)) }, options.Stores["ssd"].Options);
    }

    [Fact]
    public void Variables_that_Kubernetes_sets_for_a_service_of_the_same_name_are_none_of_ours()
    {
        var variables = new Hashtable { ["REMOTEEXEC_SERVICE_HOST"] = "10.0.0.1", ["REMOTEEXEC_PORT_8980_TCP"] = "tcp://10.0.0.1:8980", ["OTHER__KEY"] = "x" };

        Assert.Equal(new ConfigLoader().Load().MaxSize, new ConfigLoader().AddEnvironment(variables).Load().MaxSize);
    }

    [Fact]
    public void A_problem_tells_which_variable_or_flag_it_comes_from()
    {
        string[] problems = ProblemsOf(new ConfigLoader()
            .AddEnvironment(new Hashtable { ["REMOTEEXEC_CAS__STOER"] = "x" })
            .AddFlag("--workers", "worker.slots", "many")
            .AddSetting("nonsense"));

        Assert.Equal(
            [
                "--set: 'nonsense' is no key=value, for example cas.maxBlobBytes=1GiB",
                "REMOTEEXEC_CAS__STOER: cas.stoer: unknown key; known here: store, maxBlobBytes, chunking",
                "--workers: worker.slots: 'many' is no whole number",
            ],
            problems);
    }

    [Fact]
    public void A_file_that_can_not_be_read_is_a_problem() =>
        Assert.Contains("/not/there.yaml: can't be read", Assert.Single(ProblemsOf(new ConfigLoader().AddFile("/not/there.yaml"))), StringComparison.Ordinal);
}
