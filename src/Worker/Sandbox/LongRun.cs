using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Worker.Sandbox.Launcher;

namespace RemoteExec.Worker.Sandbox;

/// <summary>A program in a sandbox that runs until this is disposed, or it ends by itself. Used by one caller at a time.</summary>
internal sealed class LongRun : IAsyncDisposable
{
    private const string ChannelName = "channel";
    private readonly LauncherProcess launcher;
    private readonly Func<LauncherProcess, ValueTask> giveBack;
    private readonly CancellationTokenSource kill = new();
    private SafeFileHandle? view;
    private NetworkStream? channel;
    private Task<LauncherEnd> ended = Task.FromResult(new LauncherEnd());

    private LongRun(LauncherProcess launcher, Func<LauncherProcess, ValueTask> giveBack)
    {
        this.launcher = launcher;
        this.giveBack = giveBack;
    }

    /// <summary>Its standard input and output.</summary>
    public Stream Channel => channel!;

    /// <summary>
    /// Where its input root is for the worker: an absolute path below which symlinks are not followed, but are an error, so that it does not matter what the program does there at the same time.
    /// </summary>
    public string View => $"/proc/self/fd/{view!.DangerousGetHandle()}/.";

    /// <summary>True until it has ended.</summary>
    public bool IsAlive => !ended.IsCompleted;

    /// <summary>Sets what it may have of the machine from now on.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public void SetLimits(SandboxLimits limits) => launcher.Group?.SetLimits(limits);

    /// <summary>Ends it and all that it started.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await giveBack(launcher);
    }

    /// <summary>Starts a program.</summary>
    /// <param name="launcher">Runs it. It stays the caller's if this throws.</param>
    /// <param name="giveBack">Takes the launcher back in the end.</param>
    /// <param name="command">What to run.</param>
    /// <param name="describe">Makes a request of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<LongRun> BeginAsync(
        LauncherProcess launcher, Func<LauncherProcess, ValueTask> giveBack, SandboxCommand command, Func<SandboxCommand, LauncherRequest> describe, CancellationToken cancellationToken)
    {
        var run = new LongRun(launcher, giveBack);
        try
        {
            await run.ConnectAsync(command, describe, cancellationToken);
            return run;
        }
        catch
        {
            await run.StopAsync();
            throw;
        }
    }

    private async Task ConnectAsync(SandboxCommand command, Func<SandboxCommand, LauncherRequest> describe, CancellationToken cancellationToken)
    {
        // Names of sockets are short, those of directories need not be.
        using var place = new OpenDirectory(command.Directory.Location);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"/proc/self/fd/{place.Descriptor}/{ChannelName}"));
        listener.Listen(1);

        var begun = new TaskCompletionSource<SafeFileHandle>(TaskCreationOptions.RunContinuationsAsynchronously);
        ended = launcher.RunAsync(describe(command with { Channel = Path.Combine(command.Directory.Location, ChannelName) }), kill.Token, begun.SetResult);
        await UnlessItEndsAsync(begun.Task, cancellationToken);
        view = await begun.Task;
        channel = new NetworkStream(await listener.AcceptAsync(cancellationToken), ownsSocket: true); // it was connected before it began
    }

    private async Task UnlessItEndsAsync(Task begun, CancellationToken cancellationToken)
    {
        await Task.WhenAny(begun, ended).WaitAsync(cancellationToken);
        if (begun.IsCompleted)
            return;
        throw new IOException((await ended).Failure ?? "it ended before it began");
    }

    private async ValueTask StopAsync()
    {
        await kill.CancelAsync();
        await ((Task)ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // how it ended matters to nobody
        if (ended.IsCompletedSuccessfully)
            (await ended).Dispose();
        if (channel is not null)
            await channel.DisposeAsync();
        view?.Dispose();
        kill.Dispose();
    }
}
