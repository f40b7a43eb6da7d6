using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Worker.Inputs;

/// <summary>Reads the messages of which an action consists.</summary>
internal static class BlobMessages
{
    private const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Reads a message; null if the CAS lacks it.</summary>
    /// <exception cref="InvalidActionException">The blob is no such message, or too long for one (DIR-08).</exception>
    public static async ValueTask<T?> ReadAsync<T>(
        IBlobStore cas, Digest digest, MessageParser<T> parser, string what, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        try
        {
            return digest.IsEmptyBlob ? parser.ParseFrom([]) : await cas.ReadMessageAsync(digest, parser, MaxBytes, cancellationToken);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw new InvalidActionException($"{digest} is used as a {what}, but is none: {exception.Message}");
        }
        catch (BlobTooLargeException exception)
        {
            throw new InvalidActionException($"{what} {exception.Message}");
        }
        catch (BlobCorruptException)
        {
            return null; // dropped by the store, so missing from now on
        }
    }
}
