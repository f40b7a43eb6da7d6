namespace RemoteExec.Images;

/// <summary>An image can't be built or read; the message is one line that names the archive or the path and says what to do.</summary>
public sealed class ImageException(string message, Exception? innerException = null) : Exception(message, innerException);
