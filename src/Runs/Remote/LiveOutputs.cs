using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Runs.Remote;

/// <summary>Copies what a command writes to its standard output and error to streams of this process: while it does, where the server offers that, and all of it at the end in any case.</summary>
public sealed class LiveOutputs : IAsyncDisposable
{
    private readonly CancellationTokenSource failed = new();
    private readonly LiveOutput stdout;
    private readonly LiveOutput stderr;

    /// <summary>Makes it.</summary>
    /// <param name="channel">The way to the server; stays the caller's.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="stdout">Gets the standard output; stays the caller's.</param>
    /// <param name="stderr">Gets the standard error; stays the caller's. May be the same stream.</param>
    /// <param name="time">The clock.</param>
    public LiveOutputs(RpcChannel channel, IBlobStore cas, Stream stdout, Stream stderr, TimeProvider time) =>
        (this.stdout, this.stderr) = (new LiveOutput(channel, cas, stdout, failed, time), new LiveOutput(channel, cas, stderr, failed, time));

    /// <summary>Fires if what the command writes can't be passed on: nobody reads it any more.</summary>
    internal CancellationToken Failed => failed.Token;

    /// <summary>Takes notice of the state of an operation.</summary>
    /// <exception cref="IOException">What was written before could not be passed on.</exception>
    internal async Task ObserveAsync(Reapi.ExecuteOperationMetadata metadata)
    {
        await stdout.ObserveAsync(metadata.StdoutStreamName, metadata.PartialExecutionMetadata);
        await stderr.ObserveAsync(metadata.StderrStreamName, metadata.PartialExecutionMetadata);
    }

    /// <summary>Copies what has not been copied yet.</summary>
    /// <param name="run">How the operation ended.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RunException">The server has some of it no more.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="IOException">It can't be passed on.</exception>
    public async Task FinishAsync(FinishedRun run, CancellationToken cancellationToken)
    {
        Reapi.ActionResult? result = run.Result;
        await stdout.FinishAsync(DigestOf(run.Action, result?.StdoutDigest), result?.StdoutRaw.Memory ?? default, cancellationToken);
        await stderr.FinishAsync(DigestOf(run.Action, result?.StderrDigest), result?.StderrRaw.Memory ?? default, cancellationToken);
    }

    /// <summary>Stops copying.</summary>
    public async ValueTask DisposeAsync()
    {
        await stdout.DisposeAsync();
        await stderr.DisposeAsync();
        failed.Dispose();
    }

    private static Digest? DigestOf(Digest action, Reapi.Digest? digest)
    {
        if (digest is null)
            return null;
        return action.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new RunException($"the server told a bad digest of what the command wrote: {error}");
    }
}
