namespace RemoteExec.EndToEnd.Tests;

/// <summary>A real file system of a few MiB, in a mount namespace of its own: only the program started on it sees it, and it is gone with the program.</summary>
internal static class TinyDisk
{
    // A user who is not root gets the right to mount in a user namespace of their own; root needs none, and keeps its other rights.
    private static readonly string namespaces = Environment.IsPrivilegedProcess ? "-m" : "-rm";

    /// <summary>What a test of a full disk needs.</summary>
    public static async Task RequireAsync()
    {
        Requires.Program("unshare", "util-linux");
        await using ChildProcess trial = ChildProcess.Start("unshare", [namespaces, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]);
        bool possible = await trial.WaitForExitAsync() == 0;
        Requires.True(possible, $"a file system can't be mounted (unshare {namespaces}): {trial.Output.Trim()}");
    }

    /// <summary>Starts a program with a tiny file system in the place of an empty directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="kibibytes">The size of the file system.</param>
    /// <param name="filled">How much of it is taken before the program starts.</param>
    /// <param name="command">The program and its arguments.</param>
    public static ChildProcess Start(string directory, int kibibytes, int filled, params IEnumerable<string> command)
    {
        const string Script = """mount -t tmpfs -o size="$1"k tmpfs "$3" && head -c "$2"k /dev/zero > "$3"/others && shift 3 && exec "$@" """;
        return ChildProcess.Start("unshare", [namespaces, "sh", "-c", Script, "sh", $"{kibibytes}", $"{filled}", directory, .. command]);
    }

    /// <summary>Takes all the space that is left; returns the file to delete to give it back.</summary>
    /// <param name="program">A program that was started here.</param>
    /// <param name="directory">The directory, as the program sees it.</param>
    public static string Fill(ChildProcess program, string directory)
    {
        string path = $"/proc/{program.Id}/root{directory}/more-of-others";
        using FileStream file = File.Create(path, bufferSize: 0);
        try
        {
            while (true)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            return path; // full
        }
    }
}
