using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Google.Devtools.Build.V1;
using RemoteExec.Builds.Events;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Builds.Services;

/// <summary>
/// A call that brings the events of one stream. Events are read while those before them are on their way to the disk, some at a time; each is acknowledged in its turn (BES-02). The call ends
/// well once the client has sent its last and has all of the answers (BES-05); if something is wrong with an event, after the answers to those before it.
/// </summary>
internal sealed class EventStreamCall(BuildEvents events, RpcCall call)
{
    private const int MostUnderWay = 128; // events that are read and not acknowledged

    private readonly Channel<(PublishBuildToolEventStreamResponse Answer, Task Written)> underWay =
        Channel.CreateBounded<(PublishBuildToolEventStreamResponse, Task)>(new BoundedChannelOptions(MostUnderWay) { SingleReader = true, SingleWriter = true });

    /// <summary>Serves it.</summary>
    public async Task RunAsync()
    {
        call.Requests.MayRest = true; // as the build does whose events these are
        using OpenStream stream = events.Enter(call.CancellationToken);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(stream.Ending);
        Task answering = AnswerAsync(reading);
        ExceptionDispatchInfo? wrong = null;
        try
        {
            await ReadAsync(stream, reading.Token);
        }
        catch (Exception failure)
        {
            wrong = ExceptionDispatchInfo.Capture(failure);
        }

        underWay.Writer.Complete();
        await answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await events.LeaveAsync(stream);
        await answering; // what is wrong with an event that was read is more to the point than that reading was given up for it
        if (stream.Reason is { } reason)
            throw new RpcException(StatusCode.Unavailable, reason);
        if (events.IsStopping && !call.CancellationToken.IsCancellationRequested && wrong is not null)
            throw new RpcException(StatusCode.Unavailable, "the server stops: come again, here or elsewhere");
        wrong?.Throw();
    }

    private async Task ReadAsync(OpenStream stream, CancellationToken cancellationToken)
    {
        while (await call.Requests.MoveNextAsync(cancellationToken))
        {
            (StreamEvent told, PublishBuildToolEventStreamResponse answer) = Take(stream);
            await events.WaitForRoomAsync(cancellationToken);
            await underWay.Writer.WriteAsync((answer, events.WriteAsync(told)), cancellationToken);
        }
    }

    // By itself, so that a request, which may be long, is not kept while what is left of it waits.
    private (StreamEvent Told, PublishBuildToolEventStreamResponse Answer) Take(OpenStream stream)
    {
        PublishBuildToolEventStreamRequest request = EventRequests.Parse(call.Requests.Current);
        call.Requests.Release();
        StreamEvent told = EventRequests.Read(request);
        if (stream.Stream is { } first && first != told.Stream)
            throw new RpcException(StatusCode.InvalidArgument, "the events of a call belong to one stream; this one has another stream_id than the first");
        events.Hear(stream, told.Stream);
        return (told, new PublishBuildToolEventStreamResponse { StreamId = request.OrderedBuildEvent.StreamId, SequenceNumber = told.Sequence });
    }

    private async Task AnswerAsync(CancellationTokenSource reading)
    {
        try
        {
            await foreach ((PublishBuildToolEventStreamResponse answer, Task written) in underWay.Reader.ReadAllAsync(CancellationToken.None))
            {
                await written;
                call.Responses.Write(answer);
                if (!underWay.Reader.TryPeek(out (PublishBuildToolEventStreamResponse Answer, Task Written) next) || !next.Written.IsCompleted)
                    await call.Responses.FlushAsync(call.CancellationToken);
            }
        }
        catch
        {
            await reading.CancelAsync(); // nothing more is taken of this stream
            await foreach ((_, Task written) in underWay.Reader.ReadAllAsync(CancellationToken.None))
                await written.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // told by the first of them
            throw;
        }
    }
}
