using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Push;

namespace RemoteExec.Trees.Tests;

/// <summary>A CAS in memory, that verifies as a server does, and a place for directories.</summary>
internal sealed class TreeBench : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public TreeBench()
    {
        Faults = new FaultyStore(new VerifyingStore(new MemoryStore(512 * 1024 * 1024)));
        Cas = new EmptyBlobStore(Faults);
    }

    /// <summary>The CAS.</summary>
    public IBlobStore Cas { get; }

    /// <summary>What can go wrong with it.</summary>
    public FaultyStore Faults { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A path for a directory or a file.</summary>
    public string this[params ReadOnlySpan<string> path] => directory[path];

    public StateFiles State => new(directory["state"]);

    /// <summary>Pushes a directory.</summary>
    public async Task<PushedTree> PushAsync(string path, ScanOptions? scan = null, DigestFunction function = DigestFunction.Sha256) =>
        await (await ScanAsync(path, scan, function)).RunAsync(new Silence(), Token);

    /// <summary>Begins to push a directory.</summary>
    public Task<TreePush> ScanAsync(string path, ScanOptions? scan = null, DigestFunction function = DigestFunction.Sha256) =>
        TreePush.ScanAsync(path, Cas, null, new TreePushOptions { Function = function, State = State, Scan = scan ?? new ScanOptions() }, TimeProvider.System, Token);

    /// <summary>Pulls a directory.</summary>
    public async Task<PulledTree> PullAsync(string path, Digest root, bool force = false, string? cache = null, bool links = false)
    {
        using TreePull pull = TreePull.Look(path, root, Cas, null, new TreePullOptions { State = State, Force = force, CacheDirectory = cache, Links = links }, TimeProvider.System, Token);
        return await pull.RunAsync(new Silence(), Token);
    }

    public void Dispose() => directory.Dispose();

    /// <summary>Nobody who wants to know how far it is.</summary>
    public sealed class Silence : IProgress<long>
    {
        public void Report(long value)
        {
        }
    }
}
