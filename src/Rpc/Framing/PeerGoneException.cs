namespace RemoteExec.Rpc.Framing;

/// <summary>The peer broke the stream off, or the connection did: like a cancellation, nobody waits for the outcome any more.</summary>
internal sealed class PeerGoneException(string message, Exception? innerException = null) : OperationCanceledException(message, innerException);
