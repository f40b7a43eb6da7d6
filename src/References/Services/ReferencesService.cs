using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.References;
using RemoteExec.Rpc.Server;
using Message = RemoteExec.Protocol.References.Reference;

namespace RemoteExec.References.Services;

/// <summary>The References service: <c>protos/remoteexec/references.proto</c> tells what its methods promise.</summary>
/// <param name="book">The references.</param>
/// <param name="features">What clients may do, in which instances.</param>
public sealed class ReferencesService(ReferenceBook book, ServerFeatures features)
{
    private const int MaxPageSize = 1000;

    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(ReferencesReflection.Descriptor, "References", ReferenceErrors.ToStatus)
        .Unary<GetReferenceRequest, Message>("GetReference", GetAsync)
        .Unary<ListReferencesRequest, ListReferencesResponse>("ListReferences", ListAsync)
        .Unary<SetReferenceRequest, Message>("SetReference", SetAsync)
        .Unary<DeleteReferenceRequest, DeleteReferenceResponse>("DeleteReference", DeleteAsync)
        .Unary<ListHistoryRequest, ListHistoryResponse>("ListHistory", HistoryAsync)
        .ServerStream<WatchReferenceRequest, WatchReferenceResponse>("WatchReference", WatchAsync);

    private async Task<Message> GetAsync(GetReferenceRequest request, RpcCall call)
    {
        ReferenceName name = NameOf(request.Name);
        return ReferenceCodec.ToMessage(await book.FindAsync(ForReading(request.InstanceName), name, call.CancellationToken) ?? throw new ReferenceUnknownException(name));
    }

    private async Task<ListReferencesResponse> ListAsync(ListReferencesRequest request, RpcCall call)
    {
        InstanceName instance = ForReading(request.InstanceName);
        if (request.PageSize < 0)
            throw RequestArguments.Invalid($"page_size is negative: {request.PageSize}");
        int count = request.PageSize is 0 or > MaxPageSize ? MaxPageSize : request.PageSize;
        if (Math.Max(request.Prefix.Length, request.PageToken.Length) > ReferenceName.MaxLength || !request.Prefix.Concat(request.PageToken).All(char.IsAscii))
            throw RequestArguments.Invalid("prefix and page_token are parts of names");
        (IReadOnlyList<Reference> references, string? next) = await book.ListAsync(instance, request.Prefix, request.PageToken, count, call.CancellationToken);
        var answer = new ListReferencesResponse { NextPageToken = next ?? "" };
        answer.References.Add(references.Select(ReferenceCodec.ToMessage));
        return answer;
    }

    private async Task<Message> SetAsync(SetReferenceRequest request, RpcCall call)
    {
        InstanceName instance = ForWriting(request.InstanceName);
        ReferenceName name = NameOf(request.Name);
        ReferenceTarget target = ReferenceCodec.ReadTarget(instance, request.Target, out string? error) ?? throw RequestArguments.Invalid($"target: {error}");
        if (request.Note.Length > Reference.MaxNoteLength)
            throw RequestArguments.Invalid($"note has {request.Note.Length} characters; {Reference.MaxNoteLength} are the most");
        if (request is { HasExpectedVersion: true, ExpectedVersion: < 0 })
            throw RequestArguments.Invalid($"expected_version is negative: {request.ExpectedVersion}");
        var change = new ReferenceChange(name, target, request.HasExpectedVersion ? request.ExpectedVersion : null, LifeOf(request.TimeToLive), Caller.Current?.ToString() ?? "", request.Note);
        return ReferenceCodec.ToMessage(await book.SetAsync(instance, change, call.CancellationToken));
    }

    private async Task<DeleteReferenceResponse> DeleteAsync(DeleteReferenceRequest request, RpcCall call)
    {
        InstanceName instance = ForWriting(request.InstanceName);
        ReferenceName name = NameOf(request.Name);
        return await book.DeleteAsync(instance, name, request.HasExpectedVersion ? request.ExpectedVersion : null, call.CancellationToken)
            ? new DeleteReferenceResponse()
            : throw new ReferenceUnknownException(name);
    }

    private async Task<ListHistoryResponse> HistoryAsync(ListHistoryRequest request, RpcCall call)
    {
        ReferenceName name = NameOf(request.Name);
        var answer = new ListHistoryResponse();
        answer.References.Add((await book.HistoryAsync(ForReading(request.InstanceName), name, call.CancellationToken) ?? throw new ReferenceUnknownException(name)).Select(ReferenceCodec.ToMessage));
        return answer;
    }

    private async Task WatchAsync(WatchReferenceRequest request, RpcResponseStream<WatchReferenceResponse> responses, RpcCall call)
    {
        await foreach (Reference? reference in book.WatchAsync(ForReading(request.InstanceName), NameOf(request.Name), call.CancellationToken))
            await responses.WriteAsync(new WatchReferenceResponse { Reference = reference is null ? null : ReferenceCodec.ToMessage(reference) });
    }

    private InstanceName ForReading(string text)
    {
        InstanceName instance = RequestArguments.Instance(text);
        features.Access.Check(Right.ReadAc, instance);
        _ = features.PolicyOf(instance); // there is such an instance
        return instance;
    }

    private InstanceName ForWriting(string text)
    {
        InstanceName instance = RequestArguments.Instance(text);
        features.Access.Check(Right.WriteAc, instance);
        return features.PolicyOf(instance).IsReadOnly ? throw new Cas.StoreReadOnlyException("references") : instance;
    }

    private static ReferenceName NameOf(string text) => ReferenceName.TryParse(text, out ReferenceName name, out string? error) ? name : throw RequestArguments.Invalid(error);

    private static TimeSpan? LifeOf(Duration? duration)
    {
        if (duration is null)
            return null;
        const long MostSeconds = 100L * 365 * 24 * 3600;
        return duration.Seconds is >= 0 and <= MostSeconds && duration.Nanos is >= 0 and < 1_000_000_000 && duration is not { Seconds: 0, Nanos: 0 }
            ? duration.ToTimeSpan()
            : throw RequestArguments.Invalid($"time_to_live is not positive, or longer than a century: {duration.Seconds} s");
    }
}
