using System.Text;
using RemoteExec.Protocol.Persistent;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Persistent;

/// <summary>One action in a persistent process, from when both were found to when its outputs were collected. To be disposed after that.</summary>
/// <param name="owner">Takes the process back.</param>
/// <param name="process">The process.</param>
/// <param name="lease">The action.</param>
/// <param name="inputs">Its inputs.</param>
/// <param name="staged">Where they are laid out; and where the action's output goes.</param>
/// <param name="limits">What it may have of the machine.</param>
/// <param name="request">What the process is asked.</param>
/// <param name="time">The clock of its timeout.</param>
internal sealed class PersistentRun(
    PersistentActions owner, PersistentProcess process, ActionLease lease, StagedInputs inputs, ActionDirectory staged, SandboxLimits limits, WorkRequest request, TimeProvider time)
    : IAsyncDisposable
{
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(30); // timers can't count much further
    private bool isGood;

    /// <summary>The action's command.</summary>
    public ActionCommand Command => inputs.Command;

    /// <summary>Where its output is.</summary>
    public ActionDirectory Directory => staged;

    /// <summary>Where the process writes.</summary>
    public ActionDirectory ProcessDirectory => process.Place;

    /// <summary>Has the process do it. Null if that failed, and the action is to be run the ordinary way.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<SandboxOutcome?> ExecuteAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(lease.Timeout < longestTimeout ? lease.Timeout : longestTimeout, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        long begin = time.GetTimestamp();
        try
        {
            WorkResponse response = await process.ExecuteAsync(staged.Root, limits, request, enough.Token);
            await File.WriteAllTextAsync(staged.StderrPath, response.Output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), cancellationToken);
            return new SandboxOutcome(response.ExitCode, TimedOut: false, time.GetElapsedTime(begin)) { Root = process.View };
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new SandboxOutcome(ExitCode: 128 + 9, TimedOut: true, time.GetElapsedTime(begin));
        }
        catch (PersistentException failure)
        {
            owner.Note(process, process.Key, lease, failure);
            return null;
        }
    }

    /// <summary>Says that all is collected, so that the process may be asked again.</summary>
    public void Complete() => isGood = true;

    /// <summary>Gives the process back, or ends it if it did not come so far.</summary>
    public async ValueTask DisposeAsync()
    {
        await owner.ReturnAsync(process, isGood);
        await staged.DisposeAsync();
    }
}
