using RemoteExec.Cas.Stores.Segments;
using RemoteExec.CrashHost;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments.Faults;

/// <summary>
/// A real process on a disk that fails by chance: EIO when reading, writing, flushing, or when names change; EROFS; ENOSPC and EDQUOT, for which the store
/// evicts; writes that are half done. Then the power fails.
/// </summary>
public sealed class DiskFaultTests : IDisposable
{
    private const int MaxBytes = 1 << 30;
    private const int SegmentBytes = 1 << 18;

    private readonly StoreFolder folder = new(inMemory: true);
    private readonly StoreFolder journals = new(inMemory: true);

    public void Dispose()
    {
        folder.Dispose();
        journals.Dispose();
    }

    [Theory]
    [Rule("CAS-04")]
    [Rule("CAS-08")]
    [InlineData(Durability.Always, "failing")]
    [InlineData(Durability.Group, "failing")]
    [InlineData(Durability.Always, "full")]
    public async Task A_disk_that_fails_ends_calls_with_a_named_exception_and_costs_nothing_that_was_acknowledged(Durability durability, string disease)
    {
        Chance chance = Chance.Create();
        for (int number = 0; number < 2 * Chance.Effort; number++)
        {
            Chance drawn = chance.ForCase(number);
            using var disk = new StoreFolder(inMemory: true);
            string path = Path.Combine(journals.Path, $"journal-{number}");
            var acknowledged = new CrashingStore();

            string[] lines = await acknowledged.RunAsync(
                CrashingStore.Command("faults", disk.Path, MaxBytes, SegmentBytes, drawn.Seed, durability, disease), FaultyDisk.Environment(disk.Path, path), drawn.ToString());

            Assert.True(lines is [.., "done"], $"{lines.LastOrDefault()}; {drawn}");
            DiskJournal journal = await DiskJournal.ReadAsync(path);
            Assert.Equal(lines, journal.LinesBefore(journal.Events.Count));
            await using (SegmentStore store = await disk.OpenAsync(MaxBytes, SegmentBytes))
                await acknowledged.AssertRightAsync(store, mayLose: disease == "full", $"after a kill; {drawn}");
            for (int moment = 0; moment < 6; moment++)
            {
                using var left = new StoreFolder(inMemory: true);
                int count = moment == 0 ? journal.Events.Count : drawn.Random.Next(journal.Events.Count);
                var survival = (Survival)drawn.Random.Next(4);
                new SimulatedDisk(journal, count, drawn.Random).WriteTo(left.Path, survival);
                var known = new CrashingStore();
                foreach (string line in journal.LinesBefore(count))
                    known.Learn(line);

                await using SegmentStore store = await left.OpenAsync(MaxBytes, SegmentBytes);
                await known.AssertRightAsync(store, mayLose: durability != Durability.Always || disease == "full", $"{survival}, at event {count} of {journal.Events.Count}, moment {moment}; {drawn}", mayDoubt: true);
            }
        }
    }
}
