using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>Standard output and error of this process, for one who wants to know that nobody reads them any more: the framework's own streams keep that to themselves.</summary>
internal static class StandardStream
{
    /// <summary>Standard output.</summary>
    public static Stream Output() => Open(1, Console.OpenStandardOutput);

    /// <summary>Standard error.</summary>
    public static Stream Error() => Open(2, Console.OpenStandardError);

    // Files are left to the framework: the two may be one, in which only it writes behind what the other has written.
    private static Stream Open(int descriptor, Func<Stream> ofFramework)
    {
        try
        {
            var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            return stream.CanSeek ? ofFramework() : stream;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return ofFramework(); // it is closed
        }
    }
}
