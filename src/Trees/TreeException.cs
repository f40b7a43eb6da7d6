namespace RemoteExec.Trees;

/// <summary>A tree can't be read, sent or fetched; the message is one line that names the path or the digest and says what to do.</summary>
public sealed class TreeException(string message, Exception? innerException = null) : Exception(message, innerException);
