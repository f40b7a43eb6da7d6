using System.Buffers;
using Build.Bazel.Remote.LogStream.v1;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Worker.Services;

/// <summary>
/// Copies a log to a log stream while it is written. There is a stream once there is something to read. What fails is tried again at the next step; a stream that the server no longer has is
/// begun anew, with all of the log. Nothing that happens here harms the action. Not thread-safe.
/// </summary>
/// <param name="log">What is copied.</param>
/// <param name="instance">The action's instance.</param>
/// <param name="client">The way to the server.</param>
/// <param name="logger">Told when it is given up.</param>
/// <param name="time">The clock.</param>
internal sealed class LiveLog(ActionLog log, InstanceName instance, LogStreamClient client, ILogger logger, TimeProvider time)
{
    private const int PieceBytes = 512 * 1024;
    private const int MostLost = 20;
    private static readonly TimeSpan longestSilence = TimeSpan.FromSeconds(30); // the server takes a writer for gone after a few of these
    private LogStream? stream;
    private long sent;
    private long lastHeard;
    private bool isSure = true; // of how much the server has
    private int lost; // how often it was begun anew
    private bool isOver; // finished, or given up

    /// <summary>The name of the stream for readers; empty as long as there is none.</summary>
    public string Name => stream?.Name ?? "";

    /// <summary>Sends what is new; with <paramref name="finishes"/> also that nothing follows.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task SendAsync(bool finishes, CancellationToken cancellationToken)
    {
        try
        {
            while (!isOver && !await TrySendAsync(finishes, cancellationToken))
            {
            }
        }
        catch (RpcException exception) when (exception.Code is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Unknown or StatusCode.Internal)
        {
            isSure = false;
        }
        catch (Exception exception) when (exception is RpcException or IOException)
        {
            GiveUp(exception.Message);
        }
    }

    // False if there is more to do.
    private async Task<bool> TrySendAsync(bool finishes, CancellationToken cancellationToken)
    {
        long length = log.KeptBytes;
        if (stream is null)
        {
            if (length == 0)
                return true;
            stream = await client.CreateAsync(instance, cancellationToken);
            (sent, isSure, lastHeard) = (0, true, time.GetTimestamp());
        }

        if (!isSure && !await TryLearnAsync(cancellationToken))
            return false;
        if (length < sent)
        {
            GiveUp("the action has made it shorter");
            return true;
        }

        if (length == sent && !finishes && time.GetElapsedTime(lastHeard) < longestSilence)
            return true;
        return await TrySendPieceAsync(length, finishes, cancellationToken);
    }

    private async Task<bool> TrySendPieceAsync(long length, bool finishes, CancellationToken cancellationToken)
    {
        int count = (int)Math.Min(length - sent, PieceBytes);
        bool isLast = sent + count == length;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(count, 1));
        try
        {
            count = ReadPiece(buffer.AsSpan(0, count));
            isSure = false;
            sent = await client.WriteAsync(stream!, sent, buffer.AsMemory(0, count), finishes && isLast, cancellationToken);
            (isSure, lastHeard) = (true, time.GetTimestamp());
        }
        catch (RpcException exception) when (exception.Code is StatusCode.NotFound or StatusCode.Aborted)
        {
            BeginAnew(exception);
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        isOver = finishes && isLast;
        return isLast;
    }

    // How much the server has after a call that failed; false if the stream is gone.
    private async Task<bool> TryLearnAsync(CancellationToken cancellationToken)
    {
        try
        {
            var status = await client.QueryAsync(stream!, cancellationToken);
            (sent, isSure, isOver) = (status.CommittedSize, true, status.Complete);
            return !isOver;
        }
        catch (RpcException exception) when (exception.Code is StatusCode.NotFound or StatusCode.Aborted)
        {
            BeginAnew(exception);
            return false;
        }
    }

    private int ReadPiece(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return 0;
        using var file = File.OpenHandle(log.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.Read(file, buffer, sent);
    }

    // The server has forgotten the stream, or has taken the worker for gone; or another server is asked now.
    private void BeginAnew(RpcException reason)
    {
        stream = null;
        if (++lost > MostLost)
            GiveUp(reason.Message);
    }

    private void GiveUp(string problem)
    {
        isOver = true;
        WorkerLog.LiveLogGivenUp(logger, log.Name, problem);
    }
}
