using System.Security.Cryptography;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Worker;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>Where replays run on this machine, and what they keep for later ones.</summary>
internal static class ReplayScratch
{
    /// <summary>How the names of their directories begin.</summary>
    public const string Prefix = "remoteexec-replay-";

    private const long MostKept = 10L << 30;
    private const int ShareOfDisk = 20;

    /// <summary>Where their directories are: on a disk, and to be entered by the users that actions run as, which homes often are not.</summary>
    public static string Parent => Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } chosen ? Path.GetFullPath(chosen) : "/var/tmp";

    /// <summary>Where blobs are kept that were fetched.</summary>
    public static string Blobs => UserCache.DirectoryOf("blobs");

    /// <summary>How much of them: as much as a worker keeps, but no more than a part of the disk.</summary>
    public static long BlobBytes => Math.Min(MostKept, new DriveInfo(Directory.CreateDirectory(Blobs).FullName).TotalSize / ShareOfDisk);

    /// <summary>The options of a worker that runs one action, for whoever sits before this machine: what it asks for, such as the network, it gets.</summary>
    public static WorkerOptions OptionsOf(LocalWorkerOptions configured)
    {
        string scratch = Path.Combine(Parent, Prefix + RandomNumberGenerator.GetHexString(16, lowercase: true));
        WorkerOptions options = WorkerSettings.ToOptions(configured with { Scratch = scratch, Slots = 1 }, scratch);
        return options with { Sandbox = options.Sandbox with { Network = true } };
    }
}
