namespace RemoteExec.Python;

/// <summary>Something can't be put into an index, or found in it; the message is a sentence that names it and says what to do.</summary>
public sealed class PythonIndexException(string message, Exception? innerException = null) : Exception(message, innerException);
