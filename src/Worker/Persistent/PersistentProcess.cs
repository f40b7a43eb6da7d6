using System.Text;
using RemoteExec.Native;
using RemoteExec.Protocol.Persistent;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Persistent;

/// <summary>
/// A process that runs one action after the other, in a sandbox of its own. It sees one input root for as long as it lives, the content of which is replaced before each action. Used by one action at a time.
/// </summary>
internal sealed class PersistentProcess : IAsyncDisposable
{
    private readonly LongRun run;
    private readonly ActionDirectory directory;
    private readonly LogKeeper log;
    private readonly CachedTree? image;
    private readonly WorkChannel channel;

    /// <summary>Takes a program over that was started.</summary>
    /// <param name="key">What it is for.</param>
    /// <param name="run">The program.</param>
    /// <param name="directory">Its directory.</param>
    /// <param name="log">Looks after what it writes to its standard error: that of no action.</param>
    /// <param name="image">Its root file system; null for the machine's tools.</param>
    /// <param name="isJson">True to speak JSON with it.</param>
    /// <param name="maxBytes">How long its answers may be.</param>
    public PersistentProcess(string key, LongRun run, ActionDirectory directory, LogKeeper log, CachedTree? image, bool isJson, int maxBytes)
    {
        Key = key;
        this.run = run;
        this.directory = directory;
        this.log = log;
        this.image = image;
        channel = new WorkChannel(run.Channel, isJson, maxBytes);
    }

    /// <summary>What it is for.</summary>
    public string Key { get; }

    /// <summary>Where it runs.</summary>
    public ActionDirectory Place => directory;

    /// <summary>How many actions it was given.</summary>
    public int Requests { get; private set; }

    /// <summary>When it was used last, by the clock of who keeps it.</summary>
    public long LastUsed { get; set; }

    /// <summary>True until it has ended.</summary>
    public bool IsAlive => run.IsAlive;

    /// <summary>Where its input root is for the worker. It runs on, but nothing that it does there leads elsewhere.</summary>
    public string View => run.View;

    /// <summary>The end of what it wrote to its standard error.</summary>
    public string LastWords
    {
        get
        {
            const int Enough = 300;
            using var file = new FileStream(directory.StderrPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, Enough), SeekOrigin.End);
            byte[] end = new byte[Enough];
            return Encoding.UTF8.GetString(end, 0, file.ReadAtLeast(end, Enough, throwOnEndOfStream: false)).Trim();
        }
    }

    /// <summary>Moves inputs into the input root of a process. What is there already may be the process's doing, and is not followed: it is one segment below a directory of the worker's.</summary>
    /// <exception cref="IOException">There is something else already.</exception>
    public static void MoveIn(string inputs, ActionDirectory directory)
    {
        foreach (string entry in Directory.GetFileSystemEntries(inputs))
        {
            string place = Path.Combine(directory.Root, Path.GetFileName(entry));
            NativeException.ThrowIfNegative(Libc.Rename(entry, place), $"moving '{entry}' to '{place}'");
        }
    }

    /// <summary>Gives it the inputs of an action in place of those it had, and asks it. The first time, it has them already.</summary>
    /// <param name="inputs">The directory that has them, where the process can't reach it; empty afterwards.</param>
    /// <param name="limits">What it may have of the machine meanwhile.</param>
    /// <param name="request">What to ask.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PersistentException">It could not do it. It is not to be asked again, nor if the token fired.</exception>
    public async Task<WorkResponse> ExecuteAsync(string inputs, SandboxLimits limits, WorkRequest request, CancellationToken cancellationToken)
    {
        Requests++;
        try
        {
            run.SetLimits(limits);
            if (Requests > 1)
            {
                Clear();
                MoveIn(inputs, directory);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new PersistentException($"its input root can't be changed: {exception.Message}", exception);
        }

        return await channel.AskAsync(request, cancellationToken);
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await run.DisposeAsync();
        await log.DisposeAsync();
        image?.Dispose();
        await directory.DisposeAsync();
    }

    // Through the view: the process may be at work there, and no link that it puts somewhere is to lead this elsewhere.
    private void Clear()
    {
        foreach (string entry in Directory.GetFileSystemEntries(run.View))
        {
            if (FileStatus.Of(entry) is { Kind: FileKind.Directory })
                Directory.Delete(entry, recursive: true);
            else
                File.Delete(entry);
        }
    }
}
