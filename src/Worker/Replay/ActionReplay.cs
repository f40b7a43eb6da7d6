using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Replay;

/// <summary>
/// Runs past actions on this machine, in the sandbox that a worker would have here, for somebody to look at: nothing is uploaded. All that it makes is in its scratch directory, and gone when it is disposed.
/// </summary>
public sealed class ActionReplay : IAsyncDisposable
{
    private const int NewSeconds = 60;
    private static readonly TimeSpan untimed = TimeSpan.FromDays(30);
    private readonly WorkerOptions options;
    private readonly IBlobStore cas;
    private readonly ScratchDirectory scratch;
    private readonly SandboxChoice choice;
    private readonly InputRoot inputs;
    private readonly NamedCaches caches;

    private ActionReplay(WorkerOptions options, IBlobStore cas, ScratchDirectory scratch, SandboxChoice choice, DiskGuard disk, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.cas = cas;
        this.scratch = scratch;
        this.choice = choice;
        Disk = disk;
        Time = time;
        inputs = new InputRoot(cas, scratch, options, hardlinks: choice.Users is not null);
        caches = NamedCaches.Open(scratch, options.Sandbox.CacheBytes, logger, time);
    }

    /// <summary>The sandbox, and why it is no better one.</summary>
    public SandboxReport Sandbox => choice.Report;

    internal DiskGuard Disk { get; }

    internal TimeProvider Time { get; }

    internal WorkerOptions Options => options;

    internal ISandbox Runner => choice.Sandbox;

    /// <summary>Finds the highest sandbox that works here, or the one that the options ask for.</summary>
    /// <param name="options">Settings as of a worker. The scratch directory is deleted in the end.</param>
    /// <param name="cas">Where actions and their inputs come from.</param>
    /// <param name="logger">Told what could not be deleted.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ReplayException">There is no such sandbox here.</exception>
    /// <exception cref="IOException">The scratch directory can't be used.</exception>
    public static async Task<ActionReplay> OpenAsync(WorkerOptions options, IBlobStore cas, ILogger logger, TimeProvider time)
    {
        ScratchDirectory scratch = await ScratchDirectory.OpenAsync(options.ScratchDirectory, logger);
        SandboxChoice? choice = null;
        try
        {
            choice = await SandboxProbe.ChooseAsync(options, scratch, time);
            return new ActionReplay(options, cas, scratch, choice, DiskGuard.For(options, scratch, time), logger, time);
        }
        catch (Exception exception)
        {
            if (choice is not null)
                await choice.DisposeAsync();
            await DeleteAsync(scratch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the next one tries again
            throw exception is InvalidOperationException ? new ReplayException(exception.Message, exception) : exception;
        }
    }

    /// <summary>Fetches an action with all that it needs, and puts its inputs in place.</summary>
    /// <param name="digest">The action.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ReplayException">It can't be run: the message names the paths of what is missing, or what is wrong with it.</exception>
    /// <exception cref="CasException">It can't be fetched.</exception>
    public async Task<ReplayedAction> PrepareAsync(Digest digest, CancellationToken cancellationToken)
    {
        ActionUser? user = choice.Users?.Take();
        ReadyAction? ready = null;
        CachedTree? image = null;
        Reapi.Action? action = null;
        try
        {
            action = await BlobMessages.ReadAsync(cas, digest, Reapi.Action.Parser, "action", cancellationToken)
                ?? throw new ReplayException($"the server has no action {digest.ToArgument()} (any more): build it again{(digest.Instance.IsEmpty ? ", or name its --instance" : $", or name another --instance than '{digest.Instance}'")}");
            ActionLease lease = LeaseOf(digest, action);
            ready = await ReadyAction.MakeAsync(lease, user, Runner, inputs, scratch, cancellationToken);
            ActionPlatform platform = ActionPlatform.Parse(action.Platform ?? ready.Command.Platform, digest) with { Caches = ready.Command.Caches };
            if (Runner.Refuse(platform) is { } reason)
                throw new ReplayException($"the sandbox '{Runner.Tier}', which is the one there is here, can't run the action: {reason}{WhyNoHigher()}");
            image = platform.RootFileSystem is { } root ? await inputs.HoldTreeAsync(root, user?.Id, cancellationToken) : null;
            ActionCaches empty = await ActionCaches.BeginAsync(caches, lease, ready.Command, Runner, ready.Directory, cancellationToken);
            return new ReplayedAction(this, lease with { MemoryBytes = MemoryOf(action.Platform ?? ready.Command.Platform) }, ready, platform, image, empty, () => Return(user));
        }
        catch (Exception exception)
        {
            image?.Dispose();
            if (ready is not null)
                await ready.DisposeAsync();
            Return(user);
            throw exception switch
            {
                BlobsMissingException missing => new ReplayException(await new MissingInputs(cas, digest, action!, missing.Digests).TellAsync(cancellationToken), missing),
                ActionException => new ReplayException($"the action can't be run: {exception.Message}", exception),
                _ => exception,
            };
        }
    }

    /// <summary>Deletes what replays of the same user have left that were killed: directories that nobody uses any more, and what may still run of theirs.</summary>
    /// <param name="parent">Where their scratch directories are.</param>
    /// <param name="prefix">How the names of these begin.</param>
    /// <param name="logger">Told what could not be deleted.</param>
    /// <param name="time">The clock.</param>
    public static async Task DeleteAbandonedAsync(string parent, string prefix, ILogger logger, TimeProvider time)
    {
        uint? self = FileStatus.Of("/proc/self", followLast: true)?.UserId;
        foreach (string path in Directory.EnumerateDirectories(parent, $"{prefix}*"))
        {
            // Others might put there what leads elsewhere. One that is about to be used is new.
            if (FileStatus.Of(path) is not { Kind: FileKind.Directory } status || status.UserId != self || time.GetUtcNow().ToUnixTimeSeconds() - status.ModifiedSeconds < NewSeconds)
                continue;
            try
            {
                ScratchDirectory scratch = await ScratchDirectory.OpenAsync(path, logger);
                (ControlGroups? groups, _) = await ControlGroups.OpenAsync("/", scratch.Location);
                if (groups is not null)
                    await groups.DisposeAsync();
                await DeleteAsync(scratch);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody uses it, or deletes it at the same time.
            }
        }
    }

    /// <summary>Ends the sandbox, and deletes all that was made.</summary>
    public async ValueTask DisposeAsync()
    {
        await choice.DisposeAsync();
        await Disk.DisposeAsync();
        await DeleteAsync(scratch);
    }

    private static async Task DeleteAsync(ScratchDirectory scratch)
    {
        await scratch.DisposeAsync();
        await TreeDeletion.DeleteAsync(scratch.Location);
    }

    private void Return(ActionUser? user)
    {
        if (user is not null)
            choice.Users!.Return(user);
    }

    private string WhyNoHigher() => string.Concat(Sandbox.Findings.Where(finding => finding.Problem is not null).Select(finding => $"; '{finding.Tier}' does not work here: {finding.Problem}"));

    // What servers do that limit no action's time is not known here.
    private static ActionLease LeaseOf(Digest digest, Reapi.Action action) => new("replay", digest, action, action.Timeout?.ToTimeSpan() is { Ticks: > 0 } timeout ? timeout : untimed, Queued: null);

    private static long MemoryOf(Reapi.Platform? platform) =>
        platform?.Properties.FirstOrDefault(property => property.Name == "memory") is { } asked && Quantity.TryParse(asked.Value, out long bytes) ? bytes : 0;
}
