using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Builds;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using RemoteExec.Redis;

namespace RemoteExec.Benchmarks.Records;

/// <summary>What a call costs that is told and written down, without the call itself: on its own path, and in the background.</summary>
internal static class RecordsCost
{
    private const int Builds = 20;
    private const int CallsInBuild = 60_000;
    private const int CallsAtATime = 20_000;

    /// <summary>The CPU of a call, in nanoseconds: the best of some builds, as others have the processor and its caches too.</summary>
    /// <param name="execution">What results say of their making.</param>
    /// <param name="metadataOf">What calls say of their builds.</param>
    /// <param name="redis">The Redis through which it is told to other servers as well; null if it is not.</param>
    public static async Task<(double Told, double WorkedOff)> MeasureAsync(byte[] execution, Func<string, int, Digest, byte[]> metadataOf, string? redis = null)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("remoteexec-bench-");
        try
        {
            await using BuildSharing? sharing = redis is null ? null : new BuildSharing(
                new RedisConnectionOptions { Endpoints = [redis] }, new SharingOptions($"bench-{Guid.NewGuid():N}:", 64 << 20, 64 << 20), NullLogger.Instance, TimeProvider.System);
            await using BuildRecords records = BuildRecords.Open(
                Path.Combine(directory.FullName, "builds.db"), new BuildRecordOptions(TimeSpan.FromDays(30), 1L << 30), TimeSpan.FromHours(3), NullLogger.Instance, TimeProvider.System);
            if (sharing is not null)
                records.ShareBy(sharing);
            double told = double.MaxValue, workedOff = double.MaxValue;
            for (int build = 0; build < Builds; build++)
            {
                (double first, double second) = await RunAsync(records, execution, metadataOf);
                (told, workedOff) = (Math.Min(told, first), Math.Min(workedOff, second));
            }

            return (told, workedOff);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<(double Told, double WorkedOff)> RunAsync(BuildRecords records, byte[] execution, Func<string, int, Digest, byte[]> metadataOf)
    {
        string invocation = Guid.NewGuid().ToString();
        var calls = new (Digest Action, CallMetadata Metadata)[CallsInBuild];
        for (int i = 0; i < calls.Length; i++)
        {
            Digest action = IncrementalHasher.Compute(default, DigestFunction.Sha256, BitConverter.GetBytes(i));
            calls[i] = (action, new CallMetadata(metadataOf(invocation, i, action)));
        }

        TimeSpan told = TimeSpan.Zero, workedOff = TimeSpan.Zero;
        for (int done = 0; done < calls.Length; done += CallsAtATime)
        {
            TimeSpan began = Environment.CpuUsage.TotalTime;
            for (int i = done; i < done + CallsAtATime; i++)
                records.Observer.Observe(new CallEvent { Kind = CallKind.Hit, Digest = calls[i].Action, Metadata = calls[i].Metadata, Execution = execution });
            told += Environment.CpuUsage.TotalTime - began;
            began = Environment.CpuUsage.TotalTime;
            await records.FlushAsync(CancellationToken.None);
            while (records.Sharing is { Waiting: > 0 })
                await Task.Delay(10);
            workedOff += Environment.CpuUsage.TotalTime - began;
        }

        return (told.TotalNanoseconds / calls.Length, workedOff.TotalNanoseconds / calls.Length);
    }
}
