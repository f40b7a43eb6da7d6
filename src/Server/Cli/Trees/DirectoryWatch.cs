using System.Threading.Channels;
using RemoteExec.Trees;

namespace RemoteExec.Server.Cli.Trees;

/// <summary>Tells when something in a directory has changed, or below it; changes that come together are told once, after some quiet.</summary>
internal sealed class DirectoryWatch : IDisposable
{
    private static readonly TimeSpan quiet = TimeSpan.FromMilliseconds(300);
    private readonly FileSystemWatcher watcher;
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Begins to watch.</summary>
    /// <exception cref="TreeException">It is not there.</exception>
    /// <exception cref="IOException">It can't be watched.</exception>
    public DirectoryWatch(string directory)
    {
        if (!Directory.Exists(directory))
            throw new TreeException($"there is no directory '{directory}'");
        watcher = new FileSystemWatcher(directory)
        {
            IncludeSubdirectories = true,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.Attributes,
        };
        watcher.Changed += OnChange;
        watcher.Created += OnChange;
        watcher.Deleted += OnChange;
        watcher.Renamed += OnChange;
        watcher.Error += OnChange; // too many at a time: all the same, there is something to look at
        watcher.EnableRaisingEvents = true;
    }

    /// <summary>Waits until something changes, and then nothing for a moment.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await changes.Reader.ReadAsync(cancellationToken);
        do
            await Task.Delay(quiet, TimeProvider.System, cancellationToken);
        while (changes.Reader.TryRead(out _));
    }

    /// <summary>Ends it.</summary>
    public void Dispose() => watcher.Dispose();

    private void OnChange(object sender, EventArgs change) => changes.Writer.TryWrite(true);
}
