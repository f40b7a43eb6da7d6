using RemoteExec.Cas.Stores.Segments;
using RemoteExec.CrashHost;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments.Faults;

/// <summary>
/// Real processes on a disk that keeps a diary, killed and started again; then the power fails, at moments of the past drawn by chance, and the store is opened on what is
/// left of the disk.
/// </summary>
public sealed class PowerFailureTests : IDisposable
{
    private const int Roomy = 1 << 30;
    private const int Tight = 4 << 20;
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
    [Rule("CAS-14")]
    [InlineData(Durability.Always, Roomy)]
    [InlineData(Durability.Always, Tight)]
    [InlineData(Durability.Group, Roomy)]
    [InlineData(Durability.Group, Tight)]
    [InlineData(Durability.Fast, Roomy)]
    [InlineData(Durability.Fast, Tight)]
    public async Task What_is_found_after_a_power_failure_is_right_and_under_always_all_that_was_acknowledged_is_found(Durability durability, int maxBytes)
    {
        Chance chance = Chance.Create();
        string path = Path.Combine(journals.Path, "journal");
        for (int round = 0; round < 2; round++)
        {
            await new CrashingStore().RunAndKillAsync(
                CrashingStore.Command("write", folder.Path, maxBytes, SegmentBytes, round * 100_000, durability),
                chance.Random.Next(50, 400), FaultyDisk.Environment(folder.Path, path));
        }

        DiskJournal journal = await DiskJournal.ReadAsync(path);
        Assert.NotEmpty(journal.LinesBefore(journal.Events.Count));
        for (int number = 0; number < 12 * Chance.Effort; number++)
        {
            Random random = chance.ForCase(number).Random;
            int count = number == 0 ? journal.Events.Count : random.Next(journal.Events.Count);
            Survival survival = number % 8 == 0 ? Survival.None : number % 8 == 1 ? Survival.All : (Survival)random.Next(2, 4);
            using var left = new StoreFolder(inMemory: true);
            new SimulatedDisk(journal, count, random).WriteTo(left.Path, survival);

            await AssertRightAsync(
                left, durability, maxBytes, journal.LinesBefore(count), $"{durability}, {survival}, at event {count} of {journal.Events.Count}, case {number}, {chance}");
        }
    }

    private static async Task AssertRightAsync(StoreFolder left, Durability durability, int maxBytes, IEnumerable<string> lines, string story)
    {
        var acknowledged = new CrashingStore();
        foreach (string line in lines)
            acknowledged.Learn(line);
        bool mayLose = durability != Durability.Always || maxBytes == Tight;

        SegmentStore store = await left.OpenAsync(maxBytes, SegmentBytes);
        await acknowledged.AssertRightAsync(store, mayLose, story, among: 200);
        TestBlob late = TestBlob.Random(-1, 3000);
        await store.WriteAllAsync(late.Digest, late.Content, StoreFolder.Token);
        await store.DisposeAsync();

        // It is as good as new.
        await using SegmentStore again = await left.OpenAsync(maxBytes, SegmentBytes);
        await acknowledged.AssertRightAsync(again, mayLose, $"opened again; {story}", among: 200);
        Assert.Equal(late.Content, await again.GetAsync(late.Digest));
    }
}
