using System.Diagnostics;
using System.Globalization;
using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests.Disk;

/// <summary>A file system of a few megabytes, mounted for one test.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly TempDirectory temp = new();

    private SmallDisk()
    {
    }

    public string Path => temp.Path;

    public static async Task<SmallDisk> MountAsync(long bytes)
    {
        var disk = new SmallDisk();
        int code = await RunAsync("mount", "-t", "tmpfs", "-o", $"mode=755,size={bytes.ToString(CultureInfo.InvariantCulture)}", "tmpfs", disk.Path);
        if (code != 0)
            disk.temp.Dispose();
        Requires.True(code == 0, "needs root, to mount a file system");
        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "--lazy", Path); // the cache of files keeps its directory open until it is collected
        temp.Dispose();
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
