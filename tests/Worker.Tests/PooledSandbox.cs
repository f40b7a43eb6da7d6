using RemoteExec.TestKit;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests;

/// <summary>A sandbox in a scratch directory of its own.</summary>
internal sealed class PooledSandbox : IAsyncDisposable
{
    private readonly TempDirectory temp;
    private readonly RecordingLogger log;

    private PooledSandbox(object key, TempDirectory temp, RecordingLogger log, ScratchDirectory scratch, SandboxChoice choice)
    {
        Key = key;
        this.temp = temp;
        this.log = log;
        Scratch = scratch;
        Choice = choice;
    }

    /// <summary>What it was made for.</summary>
    public object Key { get; }

    public ScratchDirectory Scratch { get; }

    public SandboxChoice Choice { get; }

    private string Trash => Path.Combine(Scratch.Location, "trash");

    public static async Task<PooledSandbox> MakeAsync(object key, Func<ScratchDirectory, Task<SandboxChoice>> make, string? place = null)
    {
        var temp = new TempDirectory(place);
        var log = new RecordingLogger();
        ScratchDirectory scratch = await ScratchDirectory.OpenAsync(Path.Combine(temp.Path, "scratch"), log);
        try
        {
            return new PooledSandbox(key, temp, log, scratch, await make(scratch));
        }
        catch
        {
            await scratch.DisposeAsync();
            temp.Dispose();
            throw;
        }
    }

    /// <summary>Waits until all is deleted that actions had.</summary>
    public async Task AssertAllIsDeletedAsync()
    {
        await Eventually.TrueAsync(() => !Directory.EnumerateFileSystemEntries(Trash).Any() || !log.Entries.IsEmpty);
        AssertNothingIsLeft();
    }

    /// <summary>Forgets what is cached and kept for later actions.</summary>
    public void Clear()
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(Scratch.Actions));
        foreach (string used in Directory.EnumerateDirectories(Scratch.Cache).Concat(Directory.EnumerateDirectories(Scratch.Location, "named-caches")))
            Scratch.Discard(used);
    }

    public async ValueTask DisposeAsync()
    {
        await Choice.DisposeAsync();
        await Scratch.DisposeAsync();
        AssertNothingIsLeft();
        temp.Dispose();
    }

    private void AssertNothingIsLeft()
    {
        Assert.Empty(log.Entries); // a deletion that failed would be told
        Assert.Empty(Directory.EnumerateFileSystemEntries(Scratch.Actions));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Trash));
    }
}
