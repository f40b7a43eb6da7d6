using System.Diagnostics;

namespace RemoteExec.Worker.Replay;

/// <summary>Copies what an action has left, whatever that is, with modes and times, and owned by who copies it. Blocks are shared where the file system can.</summary>
internal static class TreeCopy
{
    private const string Own = "/proc/self/";

    /// <summary>Copies a directory to a path where nothing is.</summary>
    /// <param name="from">The directory: perhaps a path below <c>/proc/self/fd</c>.</param>
    /// <param name="to">The new one.</param>
    /// <exception cref="IOException">Not all could be copied.</exception>
    public static async Task MakeAsync(string from, string to)
    {
        // There is nothing that files can be that cp does not know, and it is wherever there is a shell.
        string source = from.StartsWith(Own, StringComparison.Ordinal) ? $"/proc/{Environment.ProcessId}/{from[Own.Length..]}" : from;
        Directory.CreateDirectory(to);
        var start = new ProcessStartInfo("cp", ["-dR", "--preserve=mode,timestamps", "--reflink=auto", "--", $"{source}/.", to]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string[] said = await Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new IOException($"not all could be copied to '{to}': {said[0].Trim()}");
    }
}
