using System.Text;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;

namespace RemoteExec.Trees.Deploy;

/// <summary>Held by the one process that changes releases in a directory. It ends with the process, however that ends.</summary>
internal sealed class DeployLock : IDisposable
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(200);
    private readonly FileStream file;

    private DeployLock(FileStream file) => this.file = file;

    /// <summary>An open file of the directory's file system.</summary>
    public SafeFileHandle Handle => file.SafeFileHandle;

    /// <summary>Takes it.</summary>
    /// <param name="directory">The directory, which is there.</param>
    /// <param name="doing">What for, for others to read.</param>
    /// <param name="waits">Whether the end of another is waited for.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TreeException">Another process has it; the message says which.</exception>
    /// <exception cref="IOException">It can't be taken at all.</exception>
    public static async Task<DeployLock> TakeAsync(DeployDirectory directory, string doing, bool waits, TimeProvider time, CancellationToken cancellationToken)
    {
        FileStream? file;
        while ((file = TryOpen(directory.LockPath)) is null)
        {
            if (!waits)
                throw new TreeException($"releases in '{directory.Path}' are being changed by {HolderOf(directory)}: wait for its end, with --wait");
            await Task.Delay(pause, time, cancellationToken);
        }

        try
        {
            File.WriteAllText(HolderPath(directory), $"process {Environment.ProcessId} on {Environment.MachineName}, {doing}", Encoding.UTF8);
            return new DeployLock(file);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets others have it.</summary>
    public void Dispose() => file.Dispose();

    private static string HolderPath(DeployDirectory directory) => $"{directory.LockPath}.holder"; // the file that is locked can't be read

    private static string HolderOf(DeployDirectory directory)
    {
        try
        {
            return File.ReadAllText(HolderPath(directory)) is { Length: > 0 } text ? text : "another process";
        }
        catch (FileNotFoundException)
        {
            return "another process"; // which is about to write it
        }
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception.HResult == Libc.EAGAIN)
        {
            return null;
        }
    }
}
