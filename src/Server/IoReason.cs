namespace RemoteExec.Server;

/// <summary>Why a file or a directory can't be used: a few words without a full stop, to be put into a sentence that names it.</summary>
internal static class IoReason
{
    // Numbers of Linux, which the framework hands on as they are.
    private const int Exists = 17;
    private const int NoSpace = 28;
    private const int ReadOnly = 30;
    private const int Quota = 122;

    /// <summary>The reason that asks for something else than another place: room.</summary>
    public const string DiskFull = "its disk is full";

    /// <summary>The reason behind what the framework threw.</summary>
    public static string Of(Exception exception) => exception switch
    {
        UnauthorizedAccessException => "permission denied",
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        IOException { HResult: Exists } => "a file is in the way",
        IOException { HResult: NoSpace or Quota } => DiskFull,
        IOException { HResult: ReadOnly } => "its file system is read-only",
        _ => exception.Message.TrimEnd('.'),
    };

    /// <summary>The reason why a file can't be read. A directory in its place looks like a missing permission to the framework.</summary>
    public static string OfReading(string path, Exception exception) => Directory.Exists(path) ? "it is a directory" : Of(exception);
}
