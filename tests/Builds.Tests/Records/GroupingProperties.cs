using RemoteExec.Builds.Records;

namespace RemoteExec.Builds.Tests.Records;

/// <summary>Whatever is called, in whatever order and however it is interrupted: sums, actions and hours tell the same, and what a plain count of all calls tells.</summary>
public sealed class GroupingProperties
{
    [Fact]
    public async Task Sums_are_those_of_a_plain_count()
    {
        var seed = Chance.Create();
        for (int number = 0; number < 20 * Chance.Effort; number++)
            await RunAsync(seed.ForCase(number), $"{seed}, case {number}");
    }

    private static async Task RunAsync(Chance chance, string message)
    {
        using var directory = new TemporaryDirectory();
        var time = new ManualTimeProvider();
        BuildRecords records = Open(directory, time);
        var told = new List<ToldCall>();
        for (int i = chance.Random.Next(200); i >= 0; i--)
        {
            ToldCall call = PlainCount.Draw(chance.Random);
            call.Tell(records.Observer);
            told.Add(call);
            time.Advance(TimeSpan.FromSeconds(chance.Random.Next(3)));
            switch (chance.Random.Next(40))
            {
                case 0:
                    await records.DisposeAsync();
                    records = Open(directory, time);
                    break;
                case 1:
                    await records.ListAsync(new BuildQuery(), TestContext.Current.CancellationToken);
                    time.Advance(TimeSpan.FromMinutes(20));
                    break;
            }
        }

        foreach (IGrouping<string, ToldCall> calls in told.GroupBy(call => call.Invocation!))
        {
            BuildDetails build = (await records.FindAsync(calls.Key, TestContext.Current.CancellationToken))!;
            ActionSums counted = PlainCount.Of([.. calls]);

            Assert.True(counted == PlainCount.Comparable(build.Build.Sums), $"{message}: {counted} but {build.Build.Sums}");
            Assert.True(counted == PlainCount.Comparable(PlainCount.Sum(build.Mnemonics)) with { BytesSent = counted.BytesSent, BytesReceived = counted.BytesReceived }, message);
            Assert.Equal(calls.Count(), build.Build.Calls);
        }

        ActionSums all = PlainCount.Sum((await records.SumAsync(ToldCall.Began, byDay: true, null, null, TestContext.Current.CancellationToken)).Select(day => new SumsByName("", day.Sums)));
        ActionSums builds = PlainCount.Sum((await records.ListAsync(new BuildQuery { Limit = 1000 }, TestContext.Current.CancellationToken)).Items.Select(build => new SumsByName("", build.Sums)));
        Assert.True(all == builds, $"{message}: {all} but {builds}");
        await records.DisposeAsync();
    }

    private static BuildRecords Open(TemporaryDirectory directory, TimeProvider time) =>
        BuildRecords.Open(directory["builds.db"], new BuildRecordOptions(TimeSpan.FromDays(30), 1L << 30), TimeSpan.FromHours(3), new RecordingLogger(), time);
}
