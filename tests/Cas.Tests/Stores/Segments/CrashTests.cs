using System.Diagnostics;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.CrashHost;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>Real processes that are killed, and a real disk that is full.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Roomy = 1 << 30;
    private const int Tight = 4 << 20;
    private const int SegmentBytes = 1 << 18;

    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [Rule("CAS-04")]
    [Rule("CAS-14")]
    [InlineData(Roomy)]
    [InlineData(Tight)] // evictions and their copying are cut short too
    public async Task After_kill_9_everything_acknowledged_is_there_and_everything_there_is_right(int maxBytes)
    {
        var acknowledged = new CrashingStore();
        for (int round = 0; round < 5; round++)
        {
            await acknowledged.RunAndKillAsync(CrashingStore.Command("write", folder.Path, maxBytes, SegmentBytes, round * 100_000), lines: 150 + (round * 41));

            SegmentStore store = await folder.OpenAsync(maxBytes, SegmentBytes);
            Assert.InRange(store.Statistics.DamagedRecords, 0, 4); // the four writers may have been in the middle of a system call
            await acknowledged.AssertRightAsync(store, mayLose: maxBytes != Roomy, $"round {round}");
            await store.CloseAsync(checkpoint: round % 2 == 0);
        }
    }

    [Theory]
    [Rule("CAS-08")]
    [InlineData(0)]
    [InlineData(1)] // though a build wants to keep all of it
    public async Task A_full_disk_refuses_writes_with_advice_until_room_was_made(int builds)
    {
        (int exitCode, string output) = await RunOnDiskAsync("2m", "fill", 8 << 20, SegmentBytes, builds);

        Assert.True(exitCode == 0, output);
        Assert.Contains("its disk is full", output, StringComparison.Ordinal);
        Assert.Contains("lower the store's maxBytes", output, StringComparison.Ordinal);
        Assert.EndsWith("works again\nnothing is wrong\n", output, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("CAS-08")]
    [Rule("CAS-04")]
    public async Task A_disk_that_others_fill_costs_no_blob_and_no_restart()
    {
        (int exitCode, string output) = await RunOnDiskAsync("4m", "crowd", 2 << 20, SegmentBytes);

        Assert.True(exitCode == 0, output);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(["full", "4 of 4 still there", "6 of 6 there by now", "as large as before"], lines.Where(line => !line.StartsWith("refused: ", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(line => line.StartsWith("refused: ", StringComparison.Ordinal) && line.Contains("free some space", StringComparison.Ordinal)));
    }

    [Fact]
    [Rule("CAS-08")]
    public async Task Where_space_is_reserved_for_a_segment_nothing_is_refused_though_the_disk_is_full()
    {
        (int exitCode, string output) = await RunOnDiskAsync("2m", "reserved", 8 << 20, SegmentBytes);

        Assert.True(exitCode == 0, output);
        Assert.Equal("full\nnothing was refused\n", output);
    }

    [Fact]
    [Rule("CAS-08")]
    public async Task A_disk_that_others_nearly_fill_makes_the_store_smaller_for_that_time()
    {
        (int exitCode, string output) = await RunOnDiskAsync("8m", "scarce", 6 << 20, SegmentBytes);

        Assert.True(exitCode == 0, output);
        Assert.Equal("shrunk\ngrown again\n", output);
    }

    // A file system of its own: small, and gone with the process.
    private async Task<(int ExitCode, string Output)> RunOnDiskAsync(string size, string mode, params int[] numbers)
    {
        bool possible = OperatingSystem.IsLinux() && await RunAsync("unshare", ["-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]) is { ExitCode: 0 };
        if (!possible && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail("a file system of its own can't be mounted (unshare -rm)");
        Assert.SkipUnless(possible, "a file system of its own can't be mounted (unshare -rm)");
        return await RunAsync(
            "unshare",
            ["-rm", "sh", "-c", $"mount -t tmpfs -o size={size} tmpfs \"$1\" && shift && exec \"$@\"", "sh", folder.Path,
             .. CrashingStore.Command(mode, folder.Path, numbers.Cast<object>())]);
    }

    private static Process Start(string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task<(int ExitCode, string Output)> RunAsync(string file, string[] arguments)
    {
        try
        {
            using Process process = Start([file, .. arguments]);
            Task<string> errors = process.StandardError.ReadToEndAsync(StoreFolder.Token);
            string output = await process.StandardOutput.ReadToEndAsync(StoreFolder.Token);
            await process.WaitForExitAsync(StoreFolder.Token);
            return (process.ExitCode, process.ExitCode == 0 ? output : output + await errors);
        }
        catch (System.ComponentModel.Win32Exception notFound)
        {
            return (127, notFound.Message);
        }
    }
}
