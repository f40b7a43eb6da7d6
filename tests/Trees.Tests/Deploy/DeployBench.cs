using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Deploy;

namespace RemoteExec.Trees.Tests.Deploy;

/// <summary>A CAS, and a machine on which directories out of it are deployed.</summary>
internal sealed class DeployBench : IDisposable
{
    private readonly Dictionary<int, Digest> roots = [];

    public TreeBench Trees { get; } = new();

    public DeployDirectory Target => DeployDirectory.At(Trees["app"]);

    /// <summary>The blobs that releases share, by their paths.</summary>
    public string[] Blobs => Directory.GetFiles(Trees["app", ".deploy", "blobs"], "*", SearchOption.AllDirectories);

    /// <summary>The names of the directories of releases, and of all else that is beside them.</summary>
    public string[] Names => [.. Directory.GetFileSystemEntries(Trees["app", "releases"]).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    /// <summary>A path in what is in service.</summary>
    public string Current(params ReadOnlySpan<string> path) => Trees[["app", "current", .. path]];

    /// <summary>A version of the app in the CAS: most of it is the same in all of them.</summary>
    public async Task<Digest> PushAsync(int version)
    {
        if (roots.TryGetValue(version, out Digest known))
            return known;
        string source = Trees[$"version{version}"];
        Directory.CreateDirectory(Path.Combine(source, "lib"));
        File.WriteAllText(Path.Combine(source, "version"), $"{version}");
        File.WriteAllText(Path.Combine(source, "lib", "same"), "the same in each");
        File.WriteAllText(Path.Combine(source, "lib", "copy"), "the same in each");
        File.WriteAllText(Path.Combine(source, "run"), "#!/bin/sh\n");
        File.SetUnixFileMode(Path.Combine(source, "run"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(source, "link"), "lib/same");
        return roots[version] = (await Trees.PushAsync(source)).Root;
    }

    public async Task<DeployedRelease> DeployAsync(int version, string? pre = null, string? post = null, int keep = 5, bool force = false, bool waits = false, CancellationToken? token = null)
    {
        var options = new DeployOptions
        {
            Keep = keep,
            Hooks = new ReleaseHooks(pre, post),
            Force = force,
            Waits = waits,
            Progress = (_, work) => work(new TreeBench.Silence()),
        };
        var deployment = new Deployment(Target, Trees.Cas, null, options, TimeProvider.System);
        return await deployment.RunAsync(new Release(await PushAsync(version), "app", version, default), token ?? TreeBench.Token);
    }

    public Task<(Release Now, Release? Before)> RollBackAsync(string? to = null, string? pre = null, string? post = null, bool verify = false) =>
        new ReleaseRollback(Target, new ReleaseHooks(pre, post), verify, waits: false, TimeProvider.System).RunAsync(to, TreeBench.Token);

    /// <summary>Breaks a deployment off while a hook runs: nothing of it is done any more, as if the process had been killed.</summary>
    public async Task BreakOffAsync(int version, bool afterwards)
    {
        using var breaking = CancellationTokenSource.CreateLinkedTokenSource(TreeBench.Token);
        string sign = Trees[$"sign{Guid.NewGuid():N}"], hook = $"echo >'{sign}'; sleep 1000";
        Task deploying = DeployAsync(version, afterwards ? null : hook, afterwards ? hook : null, token: breaking.Token);
        while (!File.Exists(sign))
            await Task.WhenAny(deploying, Task.Delay(10, TreeBench.Token)).Unwrap();
        await breaking.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deploying);
    }

    /// <summary>The version in service, all of which is there; null for none.</summary>
    public int? Version()
    {
        if (Target.Current is null)
            return null;
        int version = int.Parse(File.ReadAllText(Current("version")), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(RandomTree.Tell(Trees[$"version{version}"]), RandomTree.Tell(Target.PathOf(Target.Current)));
        Assert.Equal(roots[version].Hash, Target.Current);
        return version;
    }

    /// <summary>The versions that are listed, the latest one first.</summary>
    public IEnumerable<string> Listed() => ListedRelease.Of(Target).Select(listed => $"{listed.Release.Version} {listed.State}{(listed.Back is { } back ? $" {back}" : "")}");

    public static ulong InodeOf(string path) => FileStatus.Of(path)!.Value.Inode;

    public void Dispose() => Trees.Dispose();
}
