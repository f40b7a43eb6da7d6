using System.Diagnostics;

namespace RemoteExec.Worker;

/// <summary>Deletes what an action left behind, whatever it looks like, without following symlinks.</summary>
internal static class TreeDeletion
{
    /// <summary>Deletes a directory and all in it; one that is not there is no error.</summary>
    /// <exception cref="IOException">Something is left of it.</exception>
    public static async Task DeleteAsync(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (DirectoryNotFoundException) when (!Directory.Exists(directory))
        {
            return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Closed directories, paths longer than the kernel takes (which .NET misunderstands), names that are no UTF-8: rare, and what rm is
            // made for.
            await RunAsync("chmod", "-R", "u+rwX", "--", directory);
            string said = await RunAsync("rm", "-rf", "--", directory);
            if (Directory.Exists(directory))
                throw new IOException($"'{directory}' can't be deleted: {(said.Length > 0 ? said : exception.Message)}", exception);
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string[] said = await Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        return said[0].Trim();
    }
}
