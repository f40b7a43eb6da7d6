using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Execution.Actions;

/// <summary>
/// What happens to an action before it is queued: look it up, read it and its command, check both, and that the root of its inputs is there.
/// The rest of the input tree is not walked here, but for a look at what lies in the root: the worker, which has to fetch it all, reports everything missing in the same words, and
/// doing it twice would double the look-ups of each action without being any surer (a blob may leave the CAS in between).
/// </summary>
internal sealed class ActionReader(IBlobStore cas, IActionCache cache, ExecutionOptions options)
{
    private const int MaxActionBytes = 4 * 1024 * 1024;
    private const int MaxCommandBytes = 64 * 1024 * 1024;
    private const int MaxRootBytes = 256 * 1024;
    private const int MostParts = 3;
    private readonly WishTable wishes = new();

    /// <summary>Prepares one action.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<Preparation> PrepareAsync(Digest digest, bool skipCacheLookup, CancellationToken cancellationToken)
    {
        if (!skipCacheLookup && await cache.GetAsync(digest, cancellationToken) is { } cached)
            return new Preparation.Ended(new Outcome.Answered(new Reapi.ExecuteResponse { Result = cached, CachedResult = true }));

        try
        {
            return await ReadAsync(digest, cancellationToken);
        }
        catch (BlobTooLargeException exception)
        {
            return Invalid($"no action or command is that long: {exception.Message}");
        }
        catch (BlobCorruptException exception)
        {
            // It was dropped: for the client it is missing, and can be uploaded again.
            return Missing([exception.Digest]);
        }
    }

    private async Task<Preparation> ReadAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (await ReadMessageAsync(digest, Reapi.Action.Parser, MaxActionBytes, cancellationToken) is not { } actionRead)
            return Missing([digest]);
        if (actionRead.Message is not { } action)
            return Invalid($"{digest} is no Action: {actionRead.Error}");
        if (!digest.TryParseSibling(action.CommandDigest, out Digest commandDigest, out string? error))
            return Invalid($"command_digest of action {digest}: {error}");
        if (!digest.TryParseSibling(action.InputRootDigest, out Digest rootDigest, out error))
            return Invalid($"input_root_digest of action {digest}: {error}");

        IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync([commandDigest, rootDigest], cancellationToken);
        if (missing.Count > 0)
            return Missing(missing);
        Task<ulong[]> locality = ReadLocalityAsync(rootDigest, cancellationToken);
        (Reapi.Command? Message, string? Error)? commandOrNone = await ReadMessageAsync(commandDigest, Reapi.Command.Parser, MaxCommandBytes, cancellationToken);
        ulong[] tree = await locality;
        if (commandOrNone is not { } commandRead)
            return Missing([commandDigest]);
        if (commandRead.Message is not { } command)
            return Invalid($"{commandDigest} is no Command: {commandRead.Error}");
        if (CommandValidator.FindProblem(command, options.SupportedNodeProperties) is { } problem)
            return Invalid($"command {commandDigest}: {problem}");

        // Clients of the time before 2.2 put the platform into the command (ACT-06).
#pragma warning disable CS0612 // deprecated, but still sent
        Reapi.Platform? platform = action.Platform ?? command.Platform;
#pragma warning restore CS0612
        if (FindTimeout(action, platform, out TimeSpan timeout) is { } badTimeout)
            return Invalid(badTimeout);
        if (!options.Properties.TryRead(platform, out PlatformWish wish, out error))
            return Invalid(error);
        return new Preparation.Ready(PreparedAction.Of(digest, action, wishes.Share(wish), timeout) with { Locality = tree });
    }

    // What the scheduler knows of the input tree: its root, and the parts of it that are probably the greatest.
    private async Task<ulong[]> ReadLocalityAsync(Digest rootDigest, CancellationToken cancellationToken)
    {
        if (rootDigest.IsEmptyBlob || rootDigest.SizeBytes > MaxRootBytes
            || await ReadMessageAsync(rootDigest, Reapi.Directory.Parser, MaxRootBytes, cancellationToken) is not { Message: { } root })
            return []; // what is wrong with it, the worker tells
        IEnumerable<Digest> greatest = root.Directories
            .Select(directory => rootDigest.TryParseSibling(directory.Digest, out Digest digest, out _) ? digest : default)
            .Where(digest => digest.SizeBytes > 0).OrderByDescending(digest => digest.SizeBytes).Take(MostParts - 1);
        return [.. greatest.Prepend(rootDigest).Select(digest => BinaryPrimitives.ReadUInt64LittleEndian(digest.HashSpan))];
    }

    private async Task<(T? Message, string? Error)?> ReadMessageAsync<T>(
        Digest digest, MessageParser<T> parser, int maxBytes, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        try
        {
            return await cas.ReadMessageAsync(digest, parser, maxBytes, cancellationToken) is { } message ? (message, null) : null;
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return (null, exception.Message);
        }
    }

    private string? FindTimeout(Reapi.Action action, Reapi.Platform? platform, out TimeSpan timeout)
    {
        RuntimeRule? rule = options.Runtimes.FirstOrDefault(some => some.Fits(platform));
        TimeSpan longest = rule?.MaxTimeout ?? options.MaxTimeout;
        timeout = rule?.DefaultTimeout ?? (options.DefaultTimeout < longest ? options.DefaultTimeout : longest);
        if (action.Timeout is not { } asked || asked.Equals(new Duration()))
            return null;
        if (asked.Seconds < 0 || asked.Nanos is < 0 or > 999_999_999)
            return $"timeout of {asked.Seconds} s and {asked.Nanos} ns is no positive time";
        if (asked.Seconds > (long)longest.TotalSeconds || (timeout = asked.ToTimeSpan()) > longest)
            return $"timeout of {asked.Seconds} s is longer than this server allows{(rule is null ? "" : " on that platform")}: {longest.TotalSeconds:0} s";
        return null;
    }

    private static Preparation.Ended Invalid(string message) => new(new Outcome.Failed(FailureKind.InvalidAction, message));

    private static Preparation.Ended Missing(IReadOnlyCollection<Digest> digests)
    {
        string message = $"{digests.Count} blob(s) of the action are not in the CAS: upload them and try again";
        return new Preparation.Ended(new Outcome.Failed(FailureKind.MissingBlobs, message) { Missing = digests });
    }
}
