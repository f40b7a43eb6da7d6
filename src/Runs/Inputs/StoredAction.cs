using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Runs.Inputs;

/// <summary>An action that is in the CAS, with its command.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Action">The action.</param>
/// <param name="Command">Its command.</param>
public sealed record StoredAction(Digest Digest, Reapi.Action Action, Reapi.Command Command)
{
    private const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Reads an action and its command.</summary>
    /// <exception cref="RunException">The server lacks one of them, or it is none.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<StoredAction> LoadAsync(IBlobStore cas, Digest digest, CancellationToken cancellationToken)
    {
        Reapi.Action action = await ReadAsync(cas, digest, Reapi.Action.Parser, "action", cancellationToken);
        if (!digest.TryParseSibling(action.CommandDigest, out Digest command, out string? error))
            throw new RunException($"{digest.ToArgument()} is no action: command_digest: {error}");
        return new StoredAction(digest, action, await ReadAsync(cas, command, Reapi.Command.Parser, "command", cancellationToken));
    }

    /// <summary>Where the command runs, in the form of <see cref="RootPath"/>.</summary>
    /// <exception cref="RunException">It would run outside of its inputs.</exception>
    public string WorkingDirectory => RootPath.Normalize(Command.WorkingDirectory) ?? throw new RunException($"the command of {Digest.ToArgument()} is to run in '{Command.WorkingDirectory}', which leads out of its inputs");

    private static async Task<T> ReadAsync<T>(IBlobStore cas, Digest digest, MessageParser<T> parser, string what, CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        try
        {
            byte[] content = await cas.ReadAllAsync(digest, MaxBytes, cancellationToken) ?? throw new RunException($"the server has no {what} {digest.ToArgument()}: was it evicted, or is it in another instance?");
            if (digest.SiblingOf(content) != digest)
                throw new RunException($"the server sent something else than {what} {digest.ToArgument()}");
            return parser.ParseFrom(content);
        }
        catch (Exception exception) when (exception is BlobTooLargeException || MalformedMessage.IsReason(exception))
        {
            throw new RunException($"{digest.ToArgument()} is no {what}: {exception.Message}", exception);
        }
    }
}
