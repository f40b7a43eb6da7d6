using System.Diagnostics.Metrics;
using System.Globalization;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Tests.Persistent;

namespace RemoteExec.Worker.Tests;

/// <summary>What a worker counts, of actions that really run.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly List<string> heard = []; // guards itself
    private Meter? meter;

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task Actions_are_counted_by_how_they_end()
    {
        await using ActionFixture fixture = await ActionFixture.MakeAsync();
        Listen(fixture);
        using var stop = new CancellationTokenSource();
        string tier = SandboxOf(await fixture.ShellAsync("exit 0"));

        await fixture.ShellAsync("exit 3");
        await fixture.ShellAsync("kill -11 $$");
        await fixture.RunAsync(new Reapi.Command { Arguments = { "/bin/sh", "-c", "sleep 1000" } }, TimeSpan.FromMilliseconds(50));
        await fixture.RunAsync(new Reapi.Action { CommandDigest = ActionFixture.Anchor.SiblingOf([1]).ToProto(), InputRootDigest = ActionFixture.Anchor.ToProto() });
        Task cancelled = fixture.RunAsync(
            new Reapi.Action { CommandDigest = (await fixture.StoreAsync(new Reapi.Command { Arguments = { "/bin/sh", "-c", "sleep 1000" } })).ToProto(), InputRootDigest = ActionFixture.Anchor.ToProto() },
            cancellationToken: stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        Assert.Equal(
            [
                $"actions 1 {{action}} end=cancelled sandbox={tier}", $"actions 1 {{action}} end=failed sandbox={tier}", $"actions 1 {{action}} end=ok sandbox={tier}",
                $"actions 1 {{action}} end=refused sandbox={tier}", $"actions 1 {{action}} end=signal sandbox={tier}", $"actions 1 {{action}} end=timeout sandbox={tier}",
            ],
            Heard("actions "));
        Assert.Equal([-1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1], Heard("slots.used").Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)).Order());
        Assert.Equal(4, Heard("action.cpu.time").Length); // of those whose command ran
        Assert.Equal(4, Heard("action.memory.peak").Length);
        Assert.Equal((4, 4), (Heard("phase.duration", "phase=run").Length, Heard("phase.duration", "phase=upload").Length));
    }

    [Fact]
    public async Task A_machine_that_fails_is_to_blame_itself()
    {
        var cas = new FaultyStore(new MemoryStore(1 << 24));
        await using ActionFixture fixture = await ActionFixture.MakeAsync(cas: cas);
        Listen(fixture);
        cas.Fail(StoreOperation.OpenRead, () => new Cas.StoreUnavailableException("disk", null));

        await fixture.ShellAsync("exit 0");

        Assert.Contains("end=machine", Assert.Single(Heard("actions ")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_ran_out_of_memory_is_told_from_others_that_are_killed()
    {
        using var kernel = new TempDirectory();
        string count = Path.Combine(kernel.Path, "proc", "vmstat");
        Directory.CreateDirectory(Path.GetDirectoryName(count)!);
        await File.WriteAllTextAsync(count, "oom_kill 3\n", TestContext.Current.CancellationToken);
        await using ActionFixture fixture = await ActionFixture.MakeAsync(separateUsers: false, kernelRoot: kernel.Path);
        Listen(fixture);

        await fixture.ShellAsync($"echo oom_kill 4 > {count}; kill -KILL $$");

        Assert.Equal(["actions 1 {action} end=out_of_memory sandbox=directory"], Heard("actions "));
    }

    [Fact]
    public async Task Caches_of_inputs_tell_what_they_have_and_what_came_of_what_was_wanted()
    {
        await using ActionFixture fixture = await ActionFixture.MakeAsync(options => options with { Slots = 3, FileCacheBytes = 25 }, tier: SandboxTiers.Directory, separateUsers: false);
        Listen(fixture);

        await (await fixture.AddFileAsync("a", "0123456789")).ShellAsync("true");
        await (await fixture.AddFileAsync("a", "0123456789")).ShellAsync("true");
        await (await (await fixture.AddFileAsync("b", "9876543210")).AddFileAsync("c", "a9876543210")).ShellAsync("true");
        listener.RecordObservableInstruments();

        Assert.Equal(["input_cache.entries 0 {entry} kind=tree", "input_cache.entries 2 {entry} kind=file"], Heard("input_cache.entries"));
        Assert.Equal(["input_cache.size 0 By kind=tree", "input_cache.size 21 By kind=file"], Heard("input_cache.size"));
        Assert.Equal(["input_cache.hits 0 {entry} kind=tree", "input_cache.hits 1 {entry} kind=file"], Heard("input_cache.hits"));
        Assert.Equal(["input_cache.misses 0 {entry} kind=tree", "input_cache.misses 3 {entry} kind=file"], Heard("input_cache.misses"));
        Assert.Equal(["input_cache.evictions 0 {entry} kind=tree", "input_cache.evictions 1 {entry} kind=file"], Heard("input_cache.evictions"));
        Assert.Equal(["slots 3 {slot}"], Heard("slots "));
        Assert.Single(Heard("named_caches.size"));
    }

    [Fact]
    public async Task What_was_fetched_ahead_was_used_or_not()
    {
        await using ActionFixture fixture = await ActionFixture.MakeAsync(options => options with { FileCacheBytes = 80 });
        Listen(fixture);
        await fixture.AddFileAsync("used", "0123456789");
        UpcomingAction used = await UpcomingAsync(fixture);
        await fixture.AddFileAsync("unused", "9876543210");
        UpcomingAction unused = await UpcomingAsync(fixture);

        fixture.Ahead.Expect([used, unused]);
        await Eventually.TrueAsync(() => Sum("input_cache.entries", "kind=file") == 2);
        await (await fixture.AddFileAsync("used", "0123456789")).ShellAsync("true");
        await (await fixture.AddFileAsync("large", new string('x', 75))).ShellAsync("true");

        Assert.Equal((10, 10), (Sum("inputs_ahead.io", "result=used"), Sum("inputs_ahead.io", "result=unused")));
    }

    [Fact]
    public async Task What_an_audited_action_looked_at_is_counted_by_what_it_is_of()
    {
        Needs.ActionUsers();
        await using ActionFixture fixture = await ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { Audit = new Worker.Audit.AuditOptions { Reads = true } } });
        Listen(fixture);

        ExecutionOutcome outcome = await fixture.ShellAsync("(exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null; (exec 3<>/dev/tcp/127.0.0.1/10) 2>/dev/null; test -e /usr/bin");

        Assert.DoesNotContain("was not audited", outcome.Response.Message, StringComparison.Ordinal);
        Assert.Equal(["audits 1 {action}"], Heard("audits"));
        Assert.Equal(["audit.findings 2 {finding} kind=network"], Heard("audit.findings", "kind=network"));
        Assert.Single(Heard("audit.findings", "kind=host"));
    }

    [Fact]
    public async Task Persistent_processes_are_counted()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        Listen(tool.Worker);

        await tool.RunAsync("exit 0");
        await tool.RunAsync("exit 3");
        await tool.RunAsync("exit 0", new Asked { Key = "another" });
        Assert.Equal((2, 2, 0), (Sum("persistent.processes"), Sum("persistent.started"), Sum("persistent.ended")));
        await tool.Worker.Persistent!.DisposeAsync();

        Assert.Equal((0, 2, 2), (Sum("persistent.processes"), Sum("persistent.started"), Sum("persistent.ended")));
        Assert.Equal(["end=failed", "end=ok", "end=ok"], Heard("actions ").Select(line => line.Split(' ')[3]));
    }

    [Fact]
    public async Task Second_runs_are_counted_by_whether_they_made_the_same()
    {
        await using ActionFixture fixture = await ActionFixture.MakeAsync(options => options with { Sandbox = options.Sandbox with { Audit = new Worker.Audit.AuditOptions { Rerun = 1 } } });
        Listen(fixture);

        await fixture.ShellAsync("echo same > out", "out");
        await fixture.ShellAsync("cat /proc/sys/kernel/random/uuid > out", "out");

        Assert.Equal(["reruns 1 {run} result=different", "reruns 1 {run} result=same"], Heard("reruns"));
    }

    private static async Task<UpcomingAction> UpcomingAsync(ActionFixture fixture)
    {
        MerkleTree tree = fixture.Inputs.Build();
        fixture.ForgetInputs();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await Cas.BlobStoreExtensions.WriteAllAsync(fixture.Cas, digest, encoded, TestContext.Current.CancellationToken);
        return new UpcomingAction(tree.RootDigest, await fixture.StoreAsync(new Reapi.Command { Arguments = { "true" } }), tree.RootDigest);
    }

    private static string SandboxOf(ExecutionOutcome outcome) => outcome.Usage!.Sandbox;

    private long Sum(params string[] words)
    {
        lock (heard)
            heard.RemoveAll(line => line.StartsWith(words[0], StringComparison.Ordinal));
        listener.RecordObservableInstruments();
        return Heard(words).Sum(line => long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    private string[] Heard(params string[] words)
    {
        lock (heard)
            return [.. heard.Where(line => line.StartsWith(words[0], StringComparison.Ordinal) && words.All(word => line.Contains(word, StringComparison.Ordinal))).Order(StringComparer.Ordinal)];
    }

    private void Listen(ActionFixture fixture)
    {
        meter = fixture.Meter;
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Meter == meter) // meters are heard across all tests
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.Start();
    }

    private void Hear<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{instrument.Name["remoteexec.worker.".Length..]} {value} {instrument.Unit}");
        foreach ((string key, object? tag) in tags)
            text += $" {key}={tag}";
        lock (heard)
            heard.Add(text);
    }
}
